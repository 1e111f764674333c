let timer;

// say shows a sentence at the corner for a while, and reads it out.
export function say(text, fail = false) {
  const toast = document.getElementById("say");
  toast.textContent = text;
  toast.classList.toggle("fail", fail);
  toast.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => (toast.hidden = true), fail ? 8000 : 2500);
}
