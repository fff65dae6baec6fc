//! Hexadecimal text.

/// Upper-case hexadecimal, as WeChat Pay writes serial numbers and nonces.
pub fn upper(bytes: &[u8]) -> String {
    written(b"0123456789ABCDEF", bytes)
}

/// Lower-case hexadecimal, as digests are compared.
pub fn lower(bytes: &[u8]) -> String {
    written(b"0123456789abcdef", bytes)
}

fn written(digits: &[u8; 16], bytes: &[u8]) -> String {
    let digit = |value: u8| digits.get(usize::from(value)).map_or('0', |digit| char::from(*digit));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
