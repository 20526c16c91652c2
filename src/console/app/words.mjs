/* What the service's own words mean, in the words of people. */

export const STRATEGIES = {
	weighted_random: {
		name: "Draw by weight",
		about: "Drawn at random; the chances follow the weights of those who have room.",
	},
	smooth_weighted: {
		name: "In turn by weight",
		about: "In turn, evenly spread, exactly in proportion to the weights of those who have room.",
	},
	least_loaded: {
		name: "Least loaded first",
		about: "Whoever has the lowest load for the limit; all fill up alike. Weights only break ties.",
	},
	least_recent: {
		name: "Longest without a contact",
		about: "Whoever got the last contact the longest ago. Weights say only who takes part.",
	},
};

export const BACKLOGS = {
	manual: { name: "By hand", about: "Contacts that nobody could take wait for a person." },
	auto: { name: "By itself", about: "Contacts that wait are given out, oldest first, as soon as there is room." },
};

export const ROLES = {
	ingest: { name: "Ingest", about: "Sends contacts, and sees nothing. For bots, forms and other programs." },
	operator: {
		name: "Operator",
		about: "Sees the operator's own contacts and their leads, edits their messages, closes them.",
	},
	supervisor: { name: "Supervisor", about: "Sees and does everything but keys. For team leads." },
	admin: { name: "Admin", about: "Sees and does everything, and makes and revokes keys." },
};

export const STATUSES = { waiting: "Waiting", active: "Active", closed: "Closed" };

export const WAITING_REASONS = {
	no_operators: "the source has no operators",
	inactive: "its operators are inactive",
	full: "its operators are full",
	weight_zero: "all its weights are 0",
	queued: "older ones go first",
	released: "it was given back",
};

export const EXCLUSIONS = { inactive: "inactive", full: "full", weight_zero: "weight 0" };

export const ACTORS = { api: "through the API", system: "by the service itself" };
