/** Dark or light: as the system says, until somebody chooses. */

const KEY = "theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

/** Give the theme that is shown. */
export function theme() {
  return loadRead() ?? (dark.matches ? "dark" : "light");
}

/** Show the other theme from now on. */
export function toggleTheme() {
  const chosen = theme() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // a browser that keeps nothing forgets it at the next visit
  }
  show(chosen);
}

function loadRead() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function show(name) {
  document.documentElement.dataset.theme = name;
}

show(theme());
dark.addEventListener("change", () => show(theme()));
