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
	persistAuthorization: true,
	validatorUrl: null,
});
