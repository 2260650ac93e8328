//! Reads EDN forms from text.

use crate::{Real, Value};
use compact_str::CompactString;
use memchr::{memchr, memchr2};
use std::borrow::Cow;

/// Forms nested deeper are refused, before they exhaust the stack; as deep as JSON may be.
const DEEPEST: usize = 128;

/// Text that is not EDN: where, and what was expected and found.
#[derive(Debug)]
pub(super) struct Unexpected {
    pub(super) at: usize,
    pub(super) problem: String,
}

/// A position in EDN text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pub(super) at: usize,
    depth: usize,
    /// Elements of the lists that are being read, innermost last: a finished list takes its own
    /// in one allocation of their number.
    elements: Vec<Value>,
}

/// What ends a token.
const ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let mut i = 0;
    let delimiters = b" ,\t\n\r\x0b\x0c()[]{}\";";
    while i < delimiters.len() {
        ends[delimiters[i] as usize] = true;
        i += 1;
    }
    ends
};

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Scanner<'a> {
        Scanner { text, bytes: text.as_bytes(), at: 0, depth: 0, elements: Vec::new() }
    }

    /// The error of having found something else here.
    pub(super) fn expected<T>(&self, what: &str) -> Result<T, Unexpected> {
        let found = match self.text[self.at..].chars().next() {
            Some(c) => format!("{c:?}"),
            None => "the end".to_owned(),
        };
        self.problem(self.at, format!("expected {what}, found {found}"))
    }

    pub(super) fn problem<T>(&self, at: usize, problem: String) -> Result<T, Unexpected> {
        Err(Unexpected { at, problem })
    }

    /// The source text from `start` to here.
    pub(super) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// The next byte that means something: past white space, comments and discarded forms.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Unexpected> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b',' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c) => self.at += 1,
                Some(b';') => {
                    let rest = &self.bytes[self.at..];
                    self.at += memchr(b'\n', rest).unwrap_or(rest.len());
                }
                Some(b'#') if self.second() == Some(b'_') => self.discard()?,
                byte => return Ok(byte.copied()),
            }
        }
    }

    #[cold]
    fn discard(&mut self) -> Result<(), Unexpected> {
        self.at += 2;
        self.deeper(|scanner| scanner.skip())
    }

    /// The byte after the one here.
    pub(super) fn second(&self) -> Option<u8> {
        self.bytes.get(self.at + 1).copied()
    }

    /// Everything up to the next delimiter.
    #[inline]
    pub(super) fn token(&mut self) -> &'a str {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|&b| !ENDS[b as usize]) {
            self.at += 1;
        }
        self.since(start)
    }

    /// Passes over a form without making anything of it.
    pub(super) fn skip(&mut self) -> Result<(), Unexpected> {
        match self.peek()? {
            Some(b'"') => self.string().map(drop),
            Some(b'[') => self.elements(b']', |scanner| scanner.skip()),
            Some(b'(') => self.elements(b')', |scanner| scanner.skip()),
            Some(b'{') => self.elements(b'}', |scanner| scanner.skip()),
            Some(b'#') => match self.second() {
                Some(b'{') => {
                    self.at += 1;
                    self.skip()
                }
                Some(b'#') => {
                    self.token();
                    Ok(())
                }
                _ => {
                    self.token();
                    self.deeper(|scanner| scanner.skip())
                }
            },
            Some(b'\\') => self.character().map(drop),
            None | Some(b')' | b']' | b'}') => self.expected("a form"),
            Some(_) => {
                self.token();
                Ok(())
            }
        }
    }

    /// Reads a form.
    pub(super) fn value(&mut self) -> Result<Value, Unexpected> {
        match self.peek()? {
            Some(b':') => Ok(Value::Keyword(self.keyword()?.into())),
            Some(b'"') => Ok(Value::Str(self.string()?.into())),
            Some(b'0'..=b'9') => self.number(),
            Some(b'-' | b'+') if self.second().is_some_and(|b| b.is_ascii_digit()) => self.number(),
            Some(b'[') => self.items(b']').map(Value::List),
            Some(b'(') => self.items(b')').map(Value::List),
            Some(b'{') => self.entries(None),
            Some(b'#') => self.dispatch(),
            Some(b'\\') => Ok(Value::Str(self.character()?)),
            None | Some(b')' | b']' | b'}') => self.expected("a form"),
            Some(_) => Ok(match self.token() {
                "nil" => Value::Nil,
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                symbol => Value::Str(symbol.into()),
            }),
        }
    }

    /// The name of the keyword here, without its colon.
    pub(super) fn keyword(&mut self) -> Result<&'a str, Unexpected> {
        self.at += 1;
        let name = self.token();
        if name.is_empty() { self.expected("the name of a keyword") } else { Ok(name) }
    }

    /// Whether a collection ends here with `close`; steps past it.
    #[inline]
    pub(super) fn closes(&mut self, close: u8) -> Result<bool, Unexpected> {
        match self.peek()? {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(true)
            }
            Some(b')' | b']' | b'}') | None => {
                self.expected(&format!("a form or {:?}", char::from(close)))
            }
            Some(_) => Ok(false),
        }
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Unexpected>,
    ) -> Result<T, Unexpected> {
        if self.depth == DEEPEST {
            return self.problem(self.at, format!("forms are nested more than {DEEPEST} deep"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Reads what stands between the bracket here and its end.
    fn elements(
        &mut self,
        close: u8,
        mut each: impl FnMut(&mut Self) -> Result<(), Unexpected>,
    ) -> Result<(), Unexpected> {
        self.at += 1;
        self.deeper(|scanner| {
            while !scanner.closes(close)? {
                each(scanner)?;
            }
            Ok(())
        })
    }

    fn items(&mut self, close: u8) -> Result<Vec<Value>, Unexpected> {
        let first = self.elements.len();
        self.elements(close, |scanner| {
            let item = scanner.value()?;
            scanner.elements.push(item);
            Ok(())
        })?;
        Ok(self.elements.drain(first..).collect())
    }

    /// Reads a map, whose keys without a namespace are put into `namespace`.
    fn entries(&mut self, namespace: Option<&str>) -> Result<Value, Unexpected> {
        let mut entries = Vec::new();
        self.elements(b'}', |scanner| {
            let key = match (scanner.value()?, namespace) {
                (Value::Keyword(name), Some(_)) if name.starts_with("_/") => {
                    Value::Keyword(name[2..].into())
                }
                (Value::Keyword(name), Some(namespace)) if !name.contains('/') => {
                    Value::Keyword(format!("{namespace}/{name}").into())
                }
                (key, _) => key,
            };
            if scanner.peek()? == Some(b'}') {
                return scanner.expected("a value for the map's last key");
            }
            entries.push((key, scanner.value()?));
            Ok(())
        })?;
        Ok(Value::map(entries))
    }

    /// Reads what begins with `#`.
    fn dispatch(&mut self) -> Result<Value, Unexpected> {
        match self.second() {
            Some(b'{') => {
                self.at += 1;
                self.items(b'}').map(Value::set)
            }
            Some(b'#') => {
                let start = self.at;
                let x = match self.token() {
                    "##NaN" => f64::NAN,
                    "##Inf" => f64::INFINITY,
                    "##-Inf" => f64::NEG_INFINITY,
                    other => {
                        let problem = format!("expected ##NaN, ##Inf or ##-Inf, found {other}");
                        return self.problem(start, problem);
                    }
                };
                Ok(Value::Real(Real(x)))
            }
            Some(b':') => {
                let namespace = self.token().trim_start_matches(['#', ':']);
                match self.peek()? {
                    Some(b'{') => self.entries(Some(namespace)),
                    _ => self.expected("a map after its namespace"),
                }
            }
            // A tag says how to read what follows; what follows is what we keep.
            Some(byte) if byte.is_ascii_alphabetic() => {
                self.token();
                self.deeper(|scanner| scanner.value())
            }
            _ => {
                self.at += 1;
                self.expected("a set, a tag or a discard after '#'")
            }
        }
    }

    fn number(&mut self) -> Result<Value, Unexpected> {
        match self.short_whole() {
            Some(i) => Ok(Value::Int(i)),
            None => self.any_number(),
        }
    }

    /// Reads a whole number whose digits cannot overflow, which is nearly every number.
    fn short_whole(&mut self) -> Option<i64> {
        let negative = self.bytes[self.at] == b'-';
        let first = self.at + usize::from(negative);
        let mut at = first;
        let mut number = 0;
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(at) {
            if at - first == 18 {
                return None;
            }
            number = number * 10 + i64::from(digit - b'0');
            at += 1;
        }
        let ends = self.bytes.get(at).is_none_or(|&b| ENDS[b as usize]);
        if at == first || !ends {
            return None;
        }
        self.at = at;
        Some(if negative { -number } else { number })
    }

    fn any_number(&mut self) -> Result<Value, Unexpected> {
        let start = self.at;
        let token = self.token();
        let whole = token.strip_suffix('N').unwrap_or(token);
        if let Ok(i) = whole.parse() {
            return Ok(Value::Int(i));
        }
        if whole.trim_start_matches(['-', '+']).bytes().all(|b| b.is_ascii_digit()) {
            // Two large numbers rounded to one real would look equal to a checker.
            return self
                .problem(start, format!("whole number {whole} is beyond 64 bits with sign"));
        }
        let hexadecimal = token.strip_prefix("0x").or_else(|| token.strip_prefix("0X"));
        if let Some(Ok(i)) = hexadecimal.map(|digits| i64::from_str_radix(digits, 16)) {
            return Ok(Value::Int(i));
        }
        let real = match token.split_once('/') {
            Some((above, below)) => match (above.parse::<f64>(), below.parse::<f64>()) {
                (Ok(above), Ok(below)) => Some(above / below),
                _ => None,
            },
            None => token.strip_suffix('M').unwrap_or(token).parse::<f64>().ok(),
        };
        match real {
            Some(x) => Ok(Value::Real(Real(x))),
            None => self.problem(start, format!("expected a number, found {token}")),
        }
    }

    /// Reads the character after the backslash here.
    fn character(&mut self) -> Result<CompactString, Unexpected> {
        let start = self.at;
        self.at += 1;
        // The character itself may be a delimiter.
        match self.text[self.at..].chars().next() {
            Some(c) => self.at += c.len_utf8(),
            None => return self.expected("a character"),
        }
        self.token();
        let name = &self.text[start + 1..self.at];
        let mut chars = name.chars();
        let c = match (chars.next(), chars.as_str()) {
            (Some(c), "") => Some(c),
            (Some('u'), digits) if digits.len() == 4 => {
                u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)
            }
            (Some('o'), digits) if digits.len() <= 3 => {
                u32::from_str_radix(digits, 8).ok().and_then(char::from_u32)
            }
            _ => match name {
                "newline" => Some('\n'),
                "space" => Some(' '),
                "tab" => Some('\t'),
                "return" => Some('\r'),
                "formfeed" => Some('\x0c'),
                "backspace" => Some('\x08'),
                _ => None,
            },
        };
        match c {
            Some(c) => Ok(CompactString::from_iter([c])),
            None => self.problem(start, format!("expected a character, found \\{name}")),
        }
    }

    /// Reads the string whose opening quote is here.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Unexpected> {
        let open = self.at;
        self.at += 1;
        let mut unescaped = String::new();
        loop {
            let start = self.at;
            let Some(n) = memchr2(b'"', b'\\', &self.bytes[start..]) else {
                return self.problem(open, "a string without an end".to_owned());
            };
            let piece = &self.text[start..start + n];
            self.at = start + n + 1;
            if self.bytes[start + n] == b'"' {
                if unescaped.is_empty() {
                    return Ok(Cow::Borrowed(piece));
                }
                unescaped.push_str(piece);
                return Ok(Cow::Owned(unescaped));
            }
            unescaped.push_str(piece);
            unescaped.push(self.escape()?);
        }
    }

    /// Reads an escape in a string, from after its backslash.
    fn escape(&mut self) -> Result<char, Unexpected> {
        let at = self.at - 1;
        self.at += 1;
        Ok(match self.bytes.get(self.at - 1) {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\x08',
            Some(b'f') => '\x0c',
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'u') => {
                let mut unit = self.hex4(at)?;
                // A character beyond 16 bits takes a second escape.
                if (0xd800..0xdc00).contains(&unit) && self.bytes[self.at..].starts_with(b"\\u") {
                    self.at += 2;
                    let low = self.hex4(at)?;
                    unit = 0x10000 + ((unit - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
                }
                match char::from_u32(unit) {
                    Some(c) => c,
                    None => return self.problem(at, "half a surrogate pair".to_owned()),
                }
            }
            _ => {
                let problem = "expected an escape: one of \\n \\t \\r \\b \\f \\\" \\\\ \\uXXXX";
                return self.problem(at, problem.to_owned());
            }
        })
    }

    fn hex4(&mut self, at: usize) -> Result<u32, Unexpected> {
        let digits = self.bytes.get(self.at..self.at + 4).and_then(|d| str::from_utf8(d).ok());
        let plain = digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        match plain.and_then(|d| u32::from_str_radix(d, 16).ok()) {
            Some(unit) => {
                self.at += 4;
                Ok(unit)
            }
            None => self.problem(at, "expected four hexadecimal digits after \\u".to_owned()),
        }
    }
}
