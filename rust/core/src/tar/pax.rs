//! PAX extended header records: `LENGTH KEY=VALUE\n`, where the length counts all of it.

use crate::fault::TarFault;

/// What PAX records say of the member that follows, as far as an index needs it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Records {
    /// Name that replaces the header's.
    pub path: Option<Vec<u8>>,
    /// Size that replaces the header's.
    pub size: Option<u64>,
    /// A link target was named.
    pub linkpath: bool,
    /// The member is sparse, in one of GNU's three PAX formats.
    pub sparse: bool,
}

/// Reads the records of one `x` or `g` header.
///
/// Records are cut by their length, not at line feeds; of equal keys the last wins; an empty value takes
/// an earlier one back.
///
/// # Errors
/// [`TarFault::PaxRecord`] or [`TarFault::Number`].
pub fn parse(mut body: &[u8]) -> Result<Records, TarFault> {
    let mut records = Records::default();
    while !body.is_empty() {
        let (key, value, rest) = split_record(body).ok_or(TarFault::PaxRecord)?;
        body = rest;
        match key {
            b"path" if value.contains(&0) => return Err(TarFault::PaxRecord),
            b"path" => records.path = (!value.is_empty()).then(|| value.to_vec()),
            b"size" if value.is_empty() => records.size = None,
            b"size" => records.size = Some(decimal(value).ok_or(TarFault::Number)?),
            b"linkpath" => records.linkpath = !value.is_empty(),
            _ if key.starts_with(b"GNU.sparse.") || key == b"SCHILY.realsize" => records.sparse = true,
            _ => {}
        }
    }
    Ok(records)
}

/// Key, value and what follows the first record.
fn split_record(body: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = body.iter().take(20).position(|&b| b == b' ')?;
    let length = usize::try_from(decimal(&body[..blank])?).ok()?;
    // The shortest record is `5 k=\n`, so the blank and the line feed are inside.
    let record = body.get(blank + 1..length)?;
    let (b'\n', text) = record.split_last()? else { return None };
    let equals = text.iter().position(|&b| b == b'=')?;
    (equals > 0).then_some((&text[..equals], &text[equals + 1..], &body[length..]))
}

/// Decimal digits and nothing else.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let mut value = 0_u64;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    (value <= super::header::MAX_SIZE).then_some(value)
}

/// Appends one record.
pub fn record_into(key: &[u8], value: &[u8], out: &mut Vec<u8>) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    // The length counts its own digits; two rounds settle it.
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    out.extend_from_slice(length.to_string().as_bytes());
    out.push(b' ');
    out.extend_from_slice(key);
    out.push(b'=');
    out.extend_from_slice(value);
    out.push(b'\n');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn records_read_back_at_every_length() {
        for n in 1..1100 {
            let (mut body, path) = (Vec::new(), vec![b'a'; n]);
            record_into(b"mtime", b"1700000000.25", &mut body);
            record_into(b"path", &path, &mut body);
            record_into(b"size", b"77", &mut body);
            let records = parse(&body).unwrap();
            assert_eq!((records.path.unwrap(), records.size), (path, Some(77)));
        }
    }

    #[test]
    fn the_last_wins_and_an_empty_value_takes_back() {
        let records = parse(b"9 path=a\n9 path=b\n8 size=\n10 k=a=\nb\n").unwrap();
        assert_eq!((records.path.unwrap(), records.size), (b"b".to_vec(), None));
        assert_eq!(parse(b"9 path=a\n8 path=\n").unwrap(), Records::default());
    }

    #[test]
    fn malformed_records_are_refused() {
        for bad in [
            &b"0 path=a\n"[..],
            b"3 path=a\n",
            b"11 path=a\n",
            b"8 path=a\n",
            b"-9 path=a\n",
            b"+9 path=a\n",
            b" 9 path=a\n",
            b"9path=a\n",
            b"6 path\n",
            b"4 =\n",
            b"5 =a\n",
            b"99999999999999999999 path=a\n",
            b"18446744073709551615 path=a\n",
            b"9 path=a\n\0\0",
            b"11 path=a\0\n",
            b"11 size=-1\n",
            b"12 size=0x1\n",
            b"28 size=9999999999999999999\n",
        ] {
            assert!(parse(bad).is_err(), "{:?}", String::from_utf8_lossy(bad));
        }
    }
}
