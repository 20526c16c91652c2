/* Swagger UI over the document of this very server; no badge of an outside validator. */
"use strict";

SwaggerUIBundle({
	url: "/openapi.json",
	domNode: document.getElementById("document"),
	layout: "BaseLayout",
	deepLinking: true,
	docExpansion: "list",
	defaultModelsExpandDepth: 0,
	filter: true,
	tryItOutEnabled: true,
	persistAuthorization: false, /* a key is not left behind in the browser */
	validatorUrl: null,
});
