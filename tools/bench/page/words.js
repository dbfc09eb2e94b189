// How the page writes times and numbers. All words come with {is: "ready"}.

/** Seconds as 1:02.4, or with `digits` 0 as 1:02. */
export function clock(t_s, digits = 1) {
  const tenths = Math.round(t_s * 10 ** digits), unit = 60 * 10 ** digits;
  const rest = ((tenths % unit) / 10 ** digits).toFixed(digits);
  return `${Math.floor(tenths / unit)}:${rest.padStart(digits ? 3 + digits : 2, "0")}`;
}

/** A number with so many digits, or a dash where there is none. */
export function number(value, digits) {
  return Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : "–";
}
