-- Whether two rows of hours differ by more than rounding; either may be missing. %1, %2 their aliases.
(%1.assigned is distinct from %2.assigned
	or abs(%1.expected - %2.expected) > 1e-6 * greatest(1, %1.expected))
