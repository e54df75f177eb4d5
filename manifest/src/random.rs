//! Random values for properties; a failure prints its seed, and `SEED=<n>` repeats it.

/// SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    pub(crate) fn bits(&mut self) -> u64 {
        (self.below(1 << 32) as u64) << 32 | self.below(1 << 32) as u64
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// Runs `property` with `count` seeds; its error is a failure.
pub(crate) fn for_seeds(count: u64, property: impl Fn(&mut Random) -> Result<(), String>) {
    let only = std::env::var("SEED").ok().map(|seed| seed.parse().unwrap());
    let seeds = only.map_or(0..count, |seed: u64| seed..seed + 1);
    for seed in seeds {
        // Neighbouring seeds must not give neighbouring values.
        let mut random = Random(seed.wrapping_mul(0xd134_2543_de82_ef95));
        if let Err(problem) = property(&mut random) {
            panic!("SEED={seed}: {problem}");
        }
    }
}
