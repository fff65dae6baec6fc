//! Chance that depends on nothing but a key, so that what is left out of a story does not change what stays in it.

/// A stream of random numbers (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Random(u64);

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// One number out of two, well stirred.
pub const fn mix(a: u64, b: u64) -> u64 {
    stir(a.wrapping_mul(STEP) ^ b.wrapping_add(0x632B_E59B_D9B4_E019))
}

const fn stir(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A digest of bytes under a key: cheap, and good enough where nobody attacks.
pub fn keyed_hash(key: u64, bytes: &[u8]) -> u64 {
    let mut hash = mix(key, bytes.len() as u64);
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk.try_into().map_or(0, u64::from_le_bytes);
        hash = (hash ^ word).wrapping_mul(STEP).rotate_left(29);
    }
    let rest = chunks.remainder().iter().rev().fold(0_u64, |rest, byte| (rest << 8) | u64::from(*byte));
    stir((hash ^ rest).wrapping_mul(STEP))
}

impl Random {
    /// The stream of that key.
    pub const fn new(key: u64) -> Random {
        Random(key)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        stir(self.0)
    }

    /// A number below that one.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from there to there, both included.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// True so many times in a thousand.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// A place among so many.
    pub fn index(&mut self, count: usize) -> usize {
        self.below(count as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_bounds_and_keys_give_streams_of_their_own() {
        let mut random = Random::new(7);
        assert!((0..1000).all(|_| random.below(3) < 3));
        assert!((0..1000).all(|_| (5..=9).contains(&random.between(5, 9))));
        assert_ne!(Random::new(1).next(), Random::new(2).next());
        assert_ne!(keyed_hash(1, b"12345678a"), keyed_hash(1, b"12345678b"));
        assert_ne!(keyed_hash(1, b"12345678a"), keyed_hash(2, b"12345678a"));
    }
}
