/* Redoc over the document of this very server. */
"use strict";

/*
 * Redoc shows the logo of its maker from another host and has no option against it. Images of this page
 * ask no host but ours; the words beside the logo, which name Redoc, stay. React uses both ways to set it.
 */
HTMLImageElement.prototype.setAttribute = function (name, value) {
	const is_foreign = name === "src" && !value.startsWith("data:") &&
		new URL(value, location.href).origin !== location.origin;

	if (!is_foreign)
		Element.prototype.setAttribute.call(this, name, value);
};
Object.defineProperty(HTMLImageElement.prototype, "src", {
	get() { return this.getAttribute("src") ?? ""; },
	set(value) { this.setAttribute("src", String(value)); },
});

const system_font = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

Redoc.init("/openapi.json", {
	scrollYOffset: "header.top",
	nativeScrollbars: true,
	requiredPropsFirst: true,
	expandResponses: "200,201",
	jsonSampleExpandLevel: 3,
	theme: {
		colors: { primary: { main: "#08615d" } },
		typography: {
			fontFamily: system_font,
			headings: { fontFamily: system_font },
			code: { fontFamily: "ui-monospace, Menlo, Consolas, monospace" },
		},
	},
}, document.getElementById("document"));
