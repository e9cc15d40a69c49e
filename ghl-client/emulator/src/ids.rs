//! Ids that look like GHL's and follow from a seed.

use crate::chance::Chance;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A stream of ids. Record ids and trace ids use two streams, so that a refused request does not
/// change the id of the next record.
#[derive(Debug)]
pub(crate) struct Ids {
    chance: Chance,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { chance: Chance::new(seed) }
    }

    /// Twenty letters and digits, like `seD4PfOuKoVMLkEZqohJ`.
    pub(crate) fn record(&mut self) -> String {
        let mut id = String::with_capacity(20);
        for _ in 0..2 {
            let mut rest = self.chance.draw();
            for _ in 0..10 {
                let index = usize::try_from(rest % 62).unwrap_or_default();
                id.push(char::from(ALPHABET[index]));
                rest /= 62;
            }
        }
        id
    }

    /// A trace id in the form of a UUID.
    pub(crate) fn trace(&mut self) -> String {
        let (high, low) = (self.chance.draw(), self.chance.draw());
        format!("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xfff, low >> 52, low & 0xffff_ffff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_they_do_not_repeat() {
        let (mut a, mut b, mut other) = (Ids::new(7), Ids::new(7), Ids::new(8));
        let first = a.record();
        assert_eq!(first.len(), 20);
        assert_eq!(first, b.record());
        assert_ne!(first, a.record());
        assert_ne!(first, other.record());
        assert_eq!(a.trace().len(), 36);
    }
}
