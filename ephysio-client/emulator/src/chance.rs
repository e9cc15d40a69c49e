//! Everything that looks random, derived from the seed.

/// One step of SplitMix64: well mixed, and the same on every machine.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// So many bytes for `seed` and `purpose`.
pub(crate) fn bytes(seed: u64, purpose: u64, count: usize) -> Vec<u8> {
    let mut state = mix(seed ^ mix(purpose));
    let mut out = Vec::with_capacity(count + 8);
    while out.len() < count {
        state = mix(state);
        out.extend_from_slice(&state.to_be_bytes());
    }
    out.truncate(count);
    out
}

/// Increasing ids with gaps, as a counter shared by many practices shows them to one of them.
#[derive(Debug)]
pub(crate) struct Ids {
    last: u64,
    state: u64,
}

impl Ids {
    /// A sequence that starts above `floor`, somewhere in the next `spread`.
    pub(crate) fn new(seed: u64, floor: u64, spread: u64) -> Self {
        let state = mix(seed ^ floor);
        Self { last: floor + state % spread, state }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = mix(self.state);
        self.last += 1 + self.state % 9;
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_increase_and_repeat_with_the_seed() {
        let draw = |seed| {
            let mut ids = Ids::new(seed, 100_000, 900_000);
            [ids.next(), ids.next(), ids.next()]
        };
        let first = draw(7);
        assert!(first[0] < first[1] && first[1] < first[2]);
        assert_eq!(first, draw(7));
        assert_ne!(first, draw(8));
    }
}
