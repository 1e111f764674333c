// Moments are sent in UTC and shown in the viewer's zone; the UTC time stays in the title.
const forms = {
  full: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  milli: { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" },
  minute: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  day: { day: "numeric", month: "short" },
};
const formats = Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, new Intl.DateTimeFormat("en-GB", form)]));

function unitOf(seconds) {
  if (seconds < 60) return [1, "s"];
  if (seconds < 3600) return [60, "min"];
  if (seconds < 48 * 3600) return [3600, "h"];
  return [86400, "days"];
}

function span(seconds) {
  const [unit, name] = unitOf(seconds);
  return Math.floor(seconds / unit) + " " + name;
}

// age is as ui.Age: what comes is rounded.
export function age(moment, now = Date.now()) {
  const seconds = (now - moment) / 1000;
  if (Math.abs(seconds) < 10) return "just now";
  return seconds < 0 ? "in " + span(unitOf(-seconds)[0] / 2 - seconds) : span(seconds) + " ago";
}

// dayTime is the time of day, after its day when that is not today.
function dayTime(moment, form) {
  const today = moment.toDateString() === new Date(Date.now() + skew).toDateString();
  return (today ? "" : formats.day.format(moment) + " ") + formats[form].format(moment);
}

const two = (n) => String(n).padStart(2, "0");

// localTime is a moment as an input of type datetime-local has it.
const localTime = (d) => d.getFullYear() + "-" + two(d.getMonth() + 1) + "-" + two(d.getDate()) + "T" + two(d.getHours()) + ":" + two(d.getMinutes());

// utcTime is what such an input says, in UTC.
export const utcTime = (value) => new Date(value).toISOString().slice(0, 16);

// show writes the times of a part of the page; server and browser may disagree about now,
// so ages are counted by the server's clock, which the page carries.
export function show(root = document) {
  for (const time of root.querySelectorAll("time[data-form]")) {
    const moment = new Date(time.dateTime);
    const form = time.dataset.form;
    time.textContent = form === "ago" ? age(moment, Date.now() + skew) : form.startsWith("day-") ? dayTime(moment, form.slice(4)) : formats[form].format(moment);
  }
}

const skew = (() => {
  const server = Number(document.documentElement.dataset.now);
  return server ? server - Date.now() : 0;
})();

for (const input of document.querySelectorAll("input[data-utc]")) {
  if (input.value) input.value = localTime(new Date(input.value + "Z"));
}
show();
setInterval(() => document.visibilityState === "visible" && show(), 20_000);
