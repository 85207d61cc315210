//! The part of pickle that a dictionary of tensors is made of. Nothing is imported and nothing is called: a pickle is read as
//! data, and whatever else it asks for is refused by name.

mod value;

use std::collections::HashMap;

pub(super) use value::{Storage, Value, View};

use value::{call, depth, known, storage, weight};

use crate::error::{Error, Result};

/// Values a pickle may make: those of thousands of tensors. Each may be walked and copied some dozen times.
const MAX_VALUES: usize = 1 << 17;
/// Containers within containers.
const MAX_DEPTH: usize = 32;

/// Reads a pickle of protocol 2 to 5.
pub(super) fn read(bytes: &[u8]) -> Result<Value> {
    let mut machine = Machine { rest: bytes, stack: Vec::new(), memo: HashMap::new(), budget: MAX_VALUES };
    loop {
        if let Some(value) = machine.step()? {
            return Ok(value);
        }
    }
}

struct Machine<'a> {
    rest: &'a [u8],
    stack: Vec<Value>,
    memo: HashMap<u32, Value>,
    /// Values that may still be made, copies of remembered ones included.
    budget: usize,
}

impl Machine<'_> {
    /// Carries out an opcode; the result at the last one.
    fn step(&mut self) -> Result<Option<Value>> {
        let opcode = self.u8()?;
        match opcode {
            b'.' => return self.pop().map(Some),
            0x80 => {
                if !(2..=5).contains(&self.u8()?) {
                    return Err(refused("another protocol"));
                }
            }
            0x95 => drop(self.take(8)?), // a frame's length
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'K' => {
                let value = self.u8()?;
                self.push(Value::Int(i64::from(value)))?;
            }
            b'M' => {
                let value = u16::from_le_bytes(self.array()?);
                self.push(Value::Int(i64::from(value)))?;
            }
            b'J' => {
                let value = i32::from_le_bytes(self.array()?);
                self.push(Value::Int(i64::from(value)))?;
            }
            0x8a => {
                let length = self.u8()? as usize;
                let value = long(self.take(length)?)?;
                self.push(Value::Int(value))?;
            }
            b'G' => {
                let value = f64::from_be_bytes(self.array()?);
                self.push(Value::Float(value))?;
            }
            b'X' => {
                let length = u32::from_le_bytes(self.array()?) as usize;
                self.text(length)?;
            }
            0x8c => {
                let length = self.u8()? as usize;
                self.text(length)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                let value = known(&module, &name)?;
                self.push(Value::Known(value))?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) = (module, name) else {
                    return Err(refused("a name that is no text"));
                };
                self.push(Value::Known(known(&module, &name)?))?;
            }
            b'(' => self.push(Value::Mark)?,
            b')' | b']' => self.push(Value::List(Vec::new()))?,
            b'}' => self.push(Value::Dict(Vec::new()))?,
            b't' | b'l' => {
                let values = self.marked()?;
                self.push(Value::List(values))?;
            }
            0x85..=0x87 => {
                let at = self.stack.len().checked_sub((opcode - 0x84) as usize).ok_or_else(underflow)?;
                let values = self.stack.split_off(at);
                self.push(Value::List(values))?;
            }
            b'a' | b'e' => {
                let values = if opcode == b'a' { vec![self.pop()?] } else { self.marked()? };
                check_depth(&values)?;
                match self.stack.last_mut() {
                    Some(Value::List(list)) => list.extend(values),
                    _ => return Err(refused("something is added to what is no list")),
                }
            }
            b's' | b'u' => {
                let values = if opcode == b's' {
                    let (value, key) = (self.pop()?, self.pop()?);
                    vec![key, value]
                } else {
                    self.marked()?
                };
                check_depth(&values)?;
                let Some(Value::Dict(dict)) = self.stack.last_mut() else {
                    return Err(refused("something is set in what is no dictionary"));
                };
                let mut values = values.into_iter();
                while let (Some(key), Some(value)) = (values.next(), values.next()) {
                    dict.push((key, value));
                }
            }
            b'q' => {
                let place = u32::from(self.u8()?);
                self.remember(place)?;
            }
            b'r' => {
                let place = u32::from_le_bytes(self.array()?);
                self.remember(place)?;
            }
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' => {
                let place = u32::from(self.u8()?);
                self.recall(place)?;
            }
            b'j' => {
                let place = u32::from_le_bytes(self.array()?);
                self.recall(place)?;
            }
            b'Q' => {
                let id = self.pop()?;
                self.push(Value::Storage(storage(id)?))?;
            }
            b'R' => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                let value = call(&function, arguments)?;
                self.push(value)?;
            }
            _ => return Err(refused(format!("opcode {opcode:#04x}"))),
        }
        Ok(None)
    }

    fn take(&mut self, length: usize) -> Result<&[u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| refused("it is cut off"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| refused("it is cut off"))
    }

    fn u8(&mut self) -> Result<u8> {
        self.array().map(|[byte]| byte)
    }

    fn line(&mut self) -> Result<String> {
        let end = self.rest.iter().position(|&byte| byte == b'\n').ok_or_else(|| refused("it is cut off"))?;
        let line = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.take(1)?;
        Ok(line)
    }

    fn text(&mut self, length: usize) -> Result<()> {
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.push(Value::Text(text))
    }

    fn push(&mut self, value: Value) -> Result<()> {
        self.spend(1)?;
        check_depth(std::slice::from_ref(&value))?;
        self.stack.push(value);
        Ok(())
    }

    fn spend(&mut self, values: usize) -> Result<()> {
        self.budget = self.budget.checked_sub(values).ok_or_else(|| refused("it has too many values"))?;
        Ok(())
    }

    fn pop(&mut self) -> Result<Value> {
        match self.stack.pop() {
            None | Some(Value::Mark) => Err(underflow()),
            Some(value) => Ok(value),
        }
    }

    fn marked(&mut self) -> Result<Vec<Value>> {
        let at = self.stack.iter().rposition(|value| *value == Value::Mark).ok_or_else(underflow)?;
        let values = self.stack.split_off(at + 1);
        self.stack.pop();
        Ok(values)
    }

    fn remember(&mut self, place: u32) -> Result<()> {
        let value = self.stack.last().cloned().ok_or_else(underflow)?;
        self.spend(weight(&value))?;
        self.memo.insert(place, value);
        Ok(())
    }

    fn recall(&mut self, place: u32) -> Result<()> {
        let found = self.memo.get(&place).ok_or_else(|| refused("it recalls what it never remembered"))?;
        let (weight, value) = (weight(found), found.clone());
        self.spend(weight)?;
        self.push(value)
    }
}

/// Values are walked and dropped by recursion, so that nothing may nest deeply: what holds these is one deeper.
fn check_depth(values: &[Value]) -> Result<()> {
    if values.iter().any(|value| depth(value) >= MAX_DEPTH) {
        return Err(refused("containers within containers without end"));
    }
    Ok(())
}

fn underflow() -> Error {
    refused("its stack is empty")
}

/// A little-endian two's complement of any length.
fn long(bytes: &[u8]) -> Result<i64> {
    let mut value = if bytes.last().is_some_and(|&last| last >= 0x80) { [0xff; 8] } else { [0; 8] };
    let room = value.get_mut(..bytes.len()).ok_or_else(|| refused("a number of more than 64 bits"))?;
    room.copy_from_slice(bytes);
    Ok(i64::from_le_bytes(value))
}

fn refused(words: impl std::fmt::Display) -> Error {
    Error::data(format!("not a pickle of tensors: {words}"))
}
