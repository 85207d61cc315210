//! Where the parser is in the text: words and numbers, counted by line.

use crate::error::{Error, Result};

/// A position in the text that moves forward only.
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

/// What is between words. A carriage return is, too, so that both line endings read alike.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        let at = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { text, at, line: 1 }
    }

    /// The rest of the text.
    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The byte after the next.
    fn second(&self) -> Option<u8> {
        self.text.get(self.at + 1).copied()
    }

    pub(super) fn line(&self) -> usize {
        self.line
    }

    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// Passes blanks, and ends of lines that a backslash says go on.
    #[inline]
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(byte) if is_blank(byte) => self.at += 1,
                Some(b'\\') => {
                    let wide = self.rest().starts_with(b"\\\r\n");
                    if !wide && self.second() != Some(b'\n') {
                        return;
                    }
                    self.at += if wide { 3 } else { 2 };
                    self.line += 1;
                }
                _ => return,
            }
        }
    }

    /// Passes blanks; true if nothing follows on this line but a comment.
    #[inline]
    pub(super) fn line_is_done(&mut self) -> bool {
        self.skip_blanks();
        matches!(self.peek(), None | Some(b'\n' | b'#'))
    }

    /// Goes to the start of the next line; false at the end of the text.
    #[inline]
    pub(super) fn next_line(&mut self) -> bool {
        if let Some(len) = self.rest().iter().position(|&byte| byte == b'\n') {
            self.at += len + 1;
            self.line += 1;
            true
        } else {
            self.at = self.text.len();
            false
        }
    }

    /// The word here, up to the next blank or the end of the line, or to a backslash there.
    pub(super) fn word(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let len = rest.iter().position(|&byte| is_blank(byte) || byte == b'\n').unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(len).unwrap_or_default();
        let goes_on = behind.starts_with(b"\n") || behind.starts_with(b"\r\n");
        let word = word.strip_suffix(b"\\").filter(|_| goes_on).unwrap_or(word);
        self.at += word.len();
        word
    }

    /// The rest of the line without blanks around it.
    pub(super) fn rest_of_line(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let len = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).unwrap_or_default().trim_ascii()
    }

    /// Passes that byte if it is the next one.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    /// Passes that keyword if it is the next word.
    #[inline]
    pub(super) fn keyword<const N: usize>(&mut self, keyword: &[u8; N]) -> bool {
        let here = self.rest().first_chunk() == Some(keyword) && self.ends_at(self.at + N);
        if here {
            self.at += N;
        }
        here
    }

    /// The decimal number here.
    #[inline]
    pub(super) fn number(&mut self) -> Result<f64> {
        match fast_float2::parse_partial::<f64, _>(self.rest()) {
            Ok((value, len)) if value.is_finite() && self.ends_at(self.at + len) => {
                self.at += len;
                Ok(value)
            }
            _ => Err(self.no_number("number")),
        }
    }

    /// The whole number here, which a slash may follow.
    #[inline]
    pub(super) fn integer(&mut self) -> Result<i64> {
        let start = self.at;
        let negative = self.take(b'-');
        let mut value = 0_i64;
        let first = self.at;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            // Past any count there can be, it only has to stay out of range.
            value = value.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        if self.at == first || !(self.peek() == Some(b'/') || self.ends_at(self.at)) {
            self.at = start;
            return Err(self.no_number("index"));
        }
        Ok(if negative { -value } else { value })
    }

    /// True if a word that ends there has ended.
    #[inline]
    fn ends_at(&self, at: usize) -> bool {
        self.text.get(at).is_none_or(|&byte| is_blank(byte) || matches!(byte, b'\n' | b'\\'))
    }

    fn no_number(&self, what: &str) -> Error {
        let word = Self { text: self.text, at: self.at, line: self.line }.word();
        let shown = String::from_utf8_lossy(word.get(..word.len().min(40)).unwrap_or_default());
        let words = if word.is_empty() { format!("no {what}") } else { format!("{shown:?} is no {what}") };
        self.error(&words)
    }

    /// An error at this line.
    pub(super) fn error(&self, what: &str) -> Error {
        error_at(self.line, self.at, what)
    }
}

/// An error at a line, counted from 1, and a byte.
pub(super) fn error_at(line: usize, offset: usize, what: &str) -> Error {
    Error::data(format!("OBJ line {line}: {what}")).at_offset(offset as u64)
}
