//! Query and form parameters, read strictly: a repeated or badly encoded parameter is a mistake, not a guess.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

/// Parameters in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Decodes `application/x-www-form-urlencoded`; says which parameter is badly encoded.
    pub fn decode(raw: &str) -> Result<Self, String> {
        let mut pairs = Vec::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = form_decode(name).ok_or("a parameter name is badly percent-encoded")?;
            let value =
                form_decode(value).ok_or_else(|| format!("{name} is badly percent-encoded"))?;
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// Decodes a body after looking at its content type.
    pub fn decode_form(headers: &HeaderMap, body: &[u8]) -> Result<Self, String> {
        let content_type = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let mut parts = content_type.split(';').map(str::trim);
        if !parts
            .next()
            .unwrap_or_default()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        {
            return Err(format!(
                "Content-Type is {content_type:?}; application/x-www-form-urlencoded is needed"
            ));
        }
        if !parts.all(|part| part.is_empty() || part.eq_ignore_ascii_case("charset=utf-8")) {
            return Err(format!(
                "Content-Type is {content_type:?}; only UTF-8 is understood"
            ));
        }
        let text = str::from_utf8(body).map_err(|_| "the body is not text")?;
        Self::decode(text)
    }

    /// The value; a parameter without one counts as absent (RFC 6749, section 3.1).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(other, value)| other == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    pub fn is_repeated(&self, name: &str) -> bool {
        self.0.iter().filter(|(other, _)| other == name).count() > 1
    }

    pub fn first_repeated(&self) -> Option<&str> {
        self.0
            .iter()
            .map(|(name, _)| name.as_str())
            .find(|name| self.is_repeated(name))
    }

    pub fn first_unknown(&self, is_known: impl Fn(&str) -> bool) -> Option<&str> {
        self.0
            .iter()
            .map(|(name, _)| name.as_str())
            .find(|name| !is_known(name))
    }

    pub fn pairs(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter()
    }
}

/// Words of a space-separated list, each once.
pub fn words(list: Option<&str>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in list
        .unwrap_or_default()
        .split(' ')
        .filter(|word| !word.is_empty())
    {
        if !words.iter().any(|other| other == word) {
            words.push(word.to_owned());
        }
    }
    words
}

/// `None` when a percent sign is not followed by two hex digits, or the bytes are not UTF-8.
pub fn form_decode(text: &str) -> Option<String> {
    percent_decode(&text.replace('+', " "))
}

/// The same for a step of a path, where a plus sign means itself.
pub fn percent_decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex_digit(bytes.next()?)? * 16 + hex_digit(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_is_strict() {
        assert_eq!(form_decode("a%20b+c%C3%A9").as_deref(), Some("a b cé"));
        for bad in ["%", "%4", "%zz", "%ff", "%+1"] {
            assert_eq!(form_decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn repeated_and_unknown_parameters_are_found() {
        let params = Params::decode("a=1&b=&a=2").expect("well formed");
        assert_eq!(params.first_repeated(), Some("a"));
        assert_eq!(params.get("b"), None);
        assert_eq!(params.first_unknown(|name| name == "a"), Some("b"));
    }

    #[test]
    fn only_forms_in_utf8_are_read() {
        let with = |content_type: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, content_type.parse().expect("a header value"));
            Params::decode_form(&headers, b"a=1").is_ok()
        };
        assert!(with("application/x-www-form-urlencoded"));
        assert!(with("application/x-www-form-urlencoded; charset=UTF-8"));
        assert!(!with("application/x-www-form-urlencoded; charset=latin1"));
        assert!(!with("application/json"));
        assert!(Params::decode_form(&HeaderMap::new(), b"a=1").is_err());
    }
}
