// Stand-ins for libraries that the page loads from public CDNs. The real ones replace them when they arrive.
(() => {
  // minisearch: finds the sentence of the evidence that shares most words with a selected text.
  window.MiniSearch = window.MiniSearch || class {
    constructor() { this.documents = []; }
    addAll(documents) { this.documents.push(...documents); }
    search(query) {
      const words = (text) => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) || []);
      const wanted = words(query);
      const score = (text) => [...words(text)].filter((word) => wanted.has(word)).length;
      return this.documents.map((document) => ({ ...document, score: score(document.text) }))
        .filter((document) => document.score > 0)
        .sort((one, other) => other.score - one.score);
    }
  };
  // tribute: suggestions while typing. Without it there are none.
  window.Tribute = window.Tribute || class { attach() {} detach() {} };
  // markmap: draws the mind map. Without it its outline is shown as text.
  window.markmap = window.markmap || {};
  window.markmap.autoLoader = window.markmap.autoLoader || {};
  window.markmap.autoLoader.renderAll = window.markmap.autoLoader.renderAll || (() => {
    for (const box of document.querySelectorAll("div.markmap")) {
      const source = box.querySelector("script");
      if (!source || box.querySelector("pre")) continue;
      const outline = document.createElement("pre");
      outline.textContent = source.textContent.replace(/^\s*---[\s\S]*?\n\s*---\s*\n/, "").trim();
      box.append(outline);
    }
  });
})();
