/** What each page of the site does: the theme of the studio, and a list of pages that is open where there is room. */

import { setUpTheme } from "./studio/js/theme.js";

setUpTheme(() => {});

const list = document.querySelector(".pages details");
const wide = matchMedia("(min-width: 901px)");
const lay = () => list?.toggleAttribute("open", wide.matches);
wide.addEventListener("change", lay);
lay();
