// Covers what says who a guest is, for as long as a picture is taken; runs in a world that the page's scripts cannot see.
// No text and no element is changed: words get a highlight, and what cannot be read gets a style, both taken back after.
(() => {
  const NAME = "readback-covers";
  const UNREADABLE = `input:not([type=submit i], [type=button i], [type=reset i], [type=checkbox i], [type=radio i]),
    textarea, select, [contenteditable], img, picture, video, audio, canvas, iframe, frame, object, embed,
    svg text, svg image, svg foreignObject`;
  const STYLE = `
    ::highlight(${NAME}), ::selection {
      color: transparent !important; background-color: #000 !important; text-decoration: none !important;
      text-shadow: none !important; -webkit-text-fill-color: transparent !important; -webkit-text-stroke: 0 !important }
    :is(${UNREADABLE}) { opacity: 0 !important; transition: none !important; animation: none !important }
    *, ::before, ::after { background-image: none !important; border-image: none !important; text-shadow: none !important; text-emphasis: none !important;
      -webkit-text-stroke: 0 !important }
    ::before, ::after, ::marker, ::placeholder {
      color: transparent !important; -webkit-text-fill-color: transparent !important; text-shadow: none !important }`;
  const ROWS = "tr, li, article, dl, section, fieldset, form, [role=row], [role=listitem], [role=article]";
  const OTHERS_REFERENCE = /rb-[0-9a-z]{10}-\d{1,3}/g;
  const ADDRESS = /[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g;
  const INLINE = /^(a|abbr|b|bdi|bdo|cite|code|em|font|i|label|mark|q|s|small|span|strong|sub|sup|time|u|var)$/;
  const LONGEST = 200000;
  const MARGIN = 12;
  let worn = null;

  // One letter for one letter, so that places in the folded text are places in the text.
  const folds = new Map();
  const foldOne = (letter) => {
    if (!folds.has(letter)) folds.set(letter, letter.normalize("NFKD").toLowerCase()[0] ?? letter);
    return folds.get(letter);
  };
  const isPlain = (text) => /^[\x00-\x7f]*$/.test(text);
  const fold = (text) => (isPlain(text) ? text.toLowerCase() : text.split("").map(foldOne).join(""));

  const rootsOf = (root, found = [root]) => {
    for (const element of root.querySelectorAll("*"))
      if (element.shadowRoot) rootsOf(element.shadowRoot, (found.push(element.shadowRoot), found));
    return found;
  };

  const blockOf = (node) => {
    let block = node.parentNode;
    while (INLINE.test(block?.localName ?? "")) block = block.parentNode;
    return block;
  };

  // A word may run through several inline elements; where another block begins, another word does.
  const readText = (roots) => {
    const nodes = [], starts = [], parts = [];
    let length = 0, block = null;
    for (const root of roots) {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (/^(script|style|noscript|template)$/i.test(node.parentElement?.localName ?? "")) continue;
        if (block !== (block = blockOf(node))) parts.push("\n"), length++;
        nodes.push(node), starts.push(length), parts.push(fold(node.data));
        length += node.data.length;
      }
    }
    return { nodes, starts, text: parts.join("") };
  };

  // Where the words stand: one place for each text node that has a part of one.
  const placesOf = ({ nodes, starts, text }, words) => {
    const places = [];
    let at = 0;
    for (const match of text.matchAll(words)) {
      const end = match.index + match[0].length;
      while (at + 1 < nodes.length && starts[at + 1] <= match.index) at++;
      for (let n = at; n < nodes.length && starts[n] < end; n++) {
        const from = Math.max(match.index - starts[n], 0), to = Math.min(end - starts[n], nodes[n].data.length);
        if (from < to) places.push({ node: nodes[n], from, to });
      }
    }
    return places;
  };

  const isShown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  const isOurs = (row, ask) => {
    const text = fold(row.innerText);
    const addresses = text.match(ADDRESS) ?? [], references = text.match(OTHERS_REFERENCE) ?? [];
    return (
      addresses.every((one) => ask.own.some((own) => one.includes(own))) &&
      references.every((one) => ask.own.some((own) => own.includes(one))) &&
      !(ask.strangers && new RegExp(ask.strangers, "u").test(text))
    );
  };

  const chosen = (read, ask) => {
    if (!ask.row) {
      if (document.querySelector("dialog[open], [role=dialog], [role=alertdialog]")) return document.body;
      const main = document.querySelector("main, [role=main]");
      return main && isShown(main) ? main : document.body;
    }
    for (const { node } of placesOf(read, new RegExp(ask.identity, "gu"))) {
      const row = node.parentElement?.closest(ROWS);
      if (row && isShown(row) && isOurs(row, ask)) return row;
    }
    return null;
  };

  const pathTo = (element) => {
    const steps = [];
    for (let one = element; one?.parentElement; one = one.parentElement)
      steps.unshift(`:nth-child(${1 + Array.prototype.indexOf.call(one.parentElement.children, one)})`);
    return element.getRootNode() === document ? [":root", ...steps].join(" > ") : null;
  };

  // The part of it that has something to read, as far as it is in view: every pixel costs. Never more than it.
  const clipOf = (element, nodes) => {
    const range = document.createRange();
    let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
    for (const node of nodes) {
      if (!element.contains(node)) continue;
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) {
        left = Math.min(left, box.left), right = Math.max(right, box.right);
        top = Math.min(top, box.top), bottom = Math.max(bottom, box.bottom);
      }
    }
    const box = element.getBoundingClientRect();
    const x = Math.ceil(Math.max(left - MARGIN, box.left, 0)), y = Math.ceil(Math.max(top - MARGIN, box.top, 0));
    const width = Math.floor(Math.min(right + MARGIN, box.right, innerWidth)) - x;
    const height = Math.floor(Math.min(bottom + MARGIN, box.bottom, innerHeight)) - y;
    if (!(width >= 1 && height >= 1)) return null;
    return { x: x + scrollX, y: y + scrollY, width, height, scale: 1 / devicePixelRatio };
  };

  const isCovered = (element) => {
    const style = getComputedStyle(element, `::highlight(${NAME})`);
    return style.backgroundColor === "rgb(0, 0, 0)" && style.webkitTextFillColor === "rgba(0, 0, 0, 0)";
  };

  // What a stylesheet of the page keeps from being covered, or what no script can look into.
  const bareIn = (roots, places) => {
    const parents = new Set(places.map(({ node }) => node.parentElement).filter(Boolean));
    const read = [...parents].filter((element) => element.checkVisibility() && !element.closest(UNREADABLE));
    const bare = read.filter((element) => !isCovered(element));
    for (const root of roots) {
      bare.push(...[...root.querySelectorAll(UNREADABLE)].filter((element) => getComputedStyle(element).opacity !== "0"));
      bare.push(...[...root.querySelectorAll(":defined")].filter((e) => e.localName.includes("-") && !e.shadowRoot && !e.hasChildNodes() && e.offsetHeight));
    }
    return bare.length;
  };

  const takeOff = () => {
    if (worn === null) return;
    CSS.highlights.delete(NAME);
    for (const root of worn.roots) root.adoptedStyleSheets = root.adoptedStyleSheets.filter((sheet) => sheet !== worn.sheet);
    if (worn.scrolled) scrollTo({ left: worn.scrolled[0], top: worn.scrolled[1], behavior: "instant" });
    worn = null;
  };

  globalThis.covers = {
    // Covers the page. Answers with what is to be pictured, or why it cannot be.
    put(ask) {
      takeOff();
      const roots = rootsOf(document), read = readText(roots);
      if (read.text.length > LONGEST) return { why: "the page is too long to be covered" };
      const element = chosen(read, ask);
      if (element === null) return { why: "no part of the page shows this booking and no other" };
      const path = pathTo(element), places = placesOf(read, new RegExp(ask.words, "gu"));
      if (path === null) return { why: "it stands where it cannot be named" };
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      worn = { sheet, roots, places, scrolled: null };
      for (const root of roots) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
      const ranges = places.map(({ node, from, to }) => new StaticRange({ startContainer: node, startOffset: from, endContainer: node, endOffset: to }));
      CSS.highlights.set(NAME, new Highlight(...ranges));
      const box = element.getBoundingClientRect();
      if (box.top < 0 || box.bottom > innerHeight) {
        worn.scrolled = [scrollX, scrollY];
        element.scrollIntoView({ block: ask.row ? "nearest" : "start", behavior: "instant" });
      }
      if (bareIn(roots, places)) return { path, clip: null, why: "the page does not let itself be covered" };
      return { path, clip: clipOf(element, read.nodes), why: null };
    },
    // Says whether all was covered to the end, and uncovers the page unless nothing more is done with it.
    off(ask) {
      if (worn === null) return false;
      const held = new Map();
      for (const { node, from, to } of worn.places) held.set(node, [...(held.get(node) ?? []), [from, to]]);
      const roots = rootsOf(document);
      const same =
        roots.length === worn.roots.length &&
        roots.every((root) => root.adoptedStyleSheets.includes(worn.sheet)) &&
        placesOf(readText(roots), new RegExp(ask.words, "gu")).every(({ node, from, to }) =>
          (held.get(node) ?? []).some(([start, end]) => start === from && end === to),
        );
      if (!ask.last) takeOff();
      return same;
    },
  };
})();
