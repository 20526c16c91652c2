/* Values as people read them: in the browser's own way of writing, and in its time zone. */
const MOMENT = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
const moment_format = new Intl.DateTimeFormat(undefined, MOMENT);
const old_moment_format = new Intl.DateTimeFormat(undefined, { ...MOMENT, year: "numeric" });
const exact_format = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const number_format = new Intl.NumberFormat(undefined, { maximumFractionDigits: 3 });
const share_format = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });

const CLOCK_TOLERANCE_MS = 5000;
const MINUTE = 60, HOUR = 3600, DAY = 86_400;

/* The year only where it is another one. */
export function moment(time) {
	const date = new Date(time), is_old = date.getFullYear() !== new Date().getFullYear();

	return (is_old ? old_moment_format : moment_format).format(date);
}

export const exact_moment = (time) => exact_format.format(new Date(time));
export const number = (value) => number_format.format(value);
export const share = (value) => share_format.format(value);

/* "1 contact", "1,200 contacts" */
export function count(value, one, many = `${one}s`) {
	return `${number(value)} ${value === 1 ? one : many}`;
}

/* Two units at most: "3 h 5 min". */
export function duration(seconds) {
	const parts = [[Math.floor(seconds / DAY), "d"], [Math.floor(seconds % DAY / HOUR), "h"],
		[Math.floor(seconds % HOUR / MINUTE), "min"], [Math.floor(seconds % MINUTE), "s"]];
	const first = parts.findIndex(([value]) => value > 0);

	if (first < 0)
		return "0 s";
	return parts.slice(first, first + 2).filter(([value]) => value)
		.map(([value, unit]) => `${value} ${unit}`).join(" ");
}

/* How far this machine's clock is behind the service's, whose times are shown. */
let behind_ms = 0;

/* date: an answer's header, exact to a second */
export function set_clock(date) {
	const ms = Date.parse(date) - Date.now();

	behind_ms = Math.abs(ms) > CLOCK_TOLERANCE_MS ? ms : 0;
}

export function now_ms() {
	return Date.now() + behind_ms;
}

export function seconds_since(time) {
	return Math.max(0, (now_ms() - new Date(time)) / 1000);
}

/* What a person typed as a whole number; 1,000 is none, it would be a thousand here and one there. */
export function typed_integer(text) {
	const plain = String(text).trim();

	return /^-?\d+$/.test(plain) ? Number(plain) : String(text);
}

/*
 * What a person typed as a number; as it stands where it is none, so that the service says what is wrong with it. 0,5
 * is a half, but 1,000 is none: it would be a thousand here and one there. 1.000 is one, as the service has it.
 */
export function typed_number(text) {
	const plain = String(text).trim();
	const is_number = /^-?\d+([.,]\d+)?$/.test(plain) && !/,\d{3}$/.test(plain);

	return is_number ? Number(plain.replace(",", ".")) : String(text);
}
