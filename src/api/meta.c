/* The service about itself: health, its document, its pages, the explanations of its problems. */
#include "api/internal.h"
#include "api/problems.h"
#include "http/assets.h"

/* -- health ------------------------------------------------------------------------------------ */

static const char *const health_statuses[] = { "ok", "unavailable", NULL };

static const struct field health_fields[] = {
	{ "status", FIELD_CHOICE, .choices = health_statuses, .help = "ok.", .example = "\"ok\"" },
	{ 0 },
};

static const struct schema health_schema = { "Health", "How the service is.", SCHEMA_ANSWER, health_fields };

const struct endpoint meta_live_endpoint = {
	.id = "readLiveness",
	.tag = "Service",
	.summary = "Does the process run?",
	.about = "200 as long as it does, whatever else is broken.",
	.is_open = true,
	.answers = { { 200, "It runs.", ANSWER_OBJECT, &health_schema } },
};

void meta_live(struct request *request)
{
	reply_json(request, 200, TEXT("{\"status\":\"ok\"}"));
}

const struct endpoint meta_ready_endpoint = {
	.id = "readReadiness",
	.tag = "Service",
	.summary = "Can it serve?",
	.about = "503 while the database is away or the service is stopping: a load balancer sends requests elsewhere.",
	.answers = { { 200, "It can.", ANSWER_OBJECT, &health_schema } },
};

void meta_ready(struct request *request)
{
	struct api *api = request_world(request);

	if (api->is_ready(api->app))
		reply_json(request, 200, TEXT("{\"status\":\"ok\"}"));
	else
		reply_problem(request, &problem_unavailable,
			      "The database cannot be reached now, or the service is stopping.");
}

/* -- metrics ----------------------------------------------------------------------------------- */

const struct endpoint meta_metrics_endpoint = {
	.id = "readMetrics",
	.tag = "Service",
	.summary = "Numbers for Prometheus",
	.about = "Counters, gauges and histograms of this process, in Prometheus' text format. They begin at zero when "
		 "the process starts.",
	.is_open = true,
	.answers = { { 200, "The metrics.", ANSWER_OTHER, .content_type = "text/plain" } },
};

void meta_metrics(struct request *request)
{
	struct api *api = request_world(request);
	struct buf text;

	buf_init(&text);
	api->print_metrics(api->app, &text);
	reply_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", (struct text){ text.bytes, text.length });
	buf_done(&text);
}

/* -- documents and pages ----------------------------------------------------------------------- */

const struct endpoint meta_openapi_endpoint = {
	.id = "readOpenapi",
	.tag = "Service",
	.summary = "This document",
	.about = "OpenAPI 3.1, printed from the tables that the requests are checked by.",
	.is_open = true,
	.answers = { { 200, "The document.", ANSWER_OTHER, .content_type = "application/json" } },
};

void meta_openapi(struct request *request)
{
	struct api *api = request_world(request);

	reply_static(request, 200, "application/json", (struct text){ api->openapi.bytes, api->openapi.length });
}

#define POLICY(style, worker)                                                                                          \
	"default-src 'none'; script-src 'self'; style-src " style "; img-src 'self' data:; connect-src 'self'; "       \
	"font-src 'self'; " worker "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* ReDoc makes two style elements: an empty one, which it fills by script, and that of its scroll bars. */
#define REDOC_STYLES                                                                                                   \
	"'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"

/* A page whose scripts and styles are assets of their own. */
static void reply_page(struct request *request, const char *path, const char *policy)
{
	const struct asset *page = asset_find(text_of(path));

	if (!page) {
		reply_problem(request, &problem_not_found, NULL);
		return;
	}
	reply_header(request, "Content-Security-Policy", policy);
	reply_header(request, "Referrer-Policy", "no-referrer");
	reply_asset(request, page);
}

const struct endpoint meta_docs_endpoint = {
	.id = "showSwagger",
	.tag = "Service",
	.summary = "Swagger UI",
	.is_open = true,
	.is_hidden = true,
};

void meta_docs(struct request *request)
{
	reply_page(request, "docs.html", POLICY("'self'", ""));
}

const struct endpoint meta_redoc_endpoint = {
	.id = "showRedoc",
	.tag = "Service",
	.summary = "ReDoc",
	.is_open = true,
	.is_hidden = true,
};

void meta_redoc(struct request *request)
{
	reply_page(request, "redoc.html", POLICY("'self' " REDOC_STYLES, "worker-src blob:; "));
}

const struct endpoint meta_asset_endpoint = {
	.id = "readAsset",
	.tag = "Service",
	.summary = "A file of the pages",
	.is_open = true,
	.is_hidden = true,
};

/* A page comes from its own path alone, with the policy that it needs. */
static bool is_page(const struct asset *asset)
{
	return strncmp(asset->content_type, "text/html", 9) == 0;
}

void meta_asset(struct request *request)
{
	const char *name = request_path(request) + strlen("/assets/");
	size_t length = strlen(name);
	const struct asset *asset = asset_find((struct text){ name, length - (name[length - 1] == '/') });

	if (asset && !is_page(asset))
		reply_asset(request, asset);
	else
		reply_problem(request, &problem_not_found, NULL);
}

static bool wants_html(const struct request *request)
{
	const char *accept = request_header(request, "Accept");

	return accept && strstr(accept, "text/html");
}

const struct endpoint meta_root_endpoint = {
	.id = "readRoot",
	.tag = "Service",
	.summary = "The door",
	.about = "Shows the console to a browser, that is to a client that accepts text/html; tells any other one that "
		 "the service is there.",
	.is_open = true,
	.answers = { { 200, "The service is there.", ANSWER_OBJECT, &health_schema, .content_type = "text/html" } },
};

void meta_root(struct request *request)
{
	reply_header(request, "Vary", "Accept");
	if (wants_html(request))
		reply_page(request, "console.html", POLICY("'self'", ""));
	else
		reply_json(request, 200, TEXT("{\"status\":\"ok\"}"));
}

/* -- problems ---------------------------------------------------------------------------------- */

static const struct field problem_fields[] = {
	{ "type", FIELD_TEXT, 0, 1, 100, .help = "What stands in a problem's type.",
	  .example = "\"/problems/validation\"" },
	{ "title", FIELD_TEXT, 0, 1, 200, .help = "What is wrong, in short.",
	  .example = "\"The input breaks a rule\"" },
	{ "status", FIELD_INTEGER, 0, 400, 599, .help = "The HTTP status that it comes with.", .example = "422" },
	{ "about", FIELD_TEXT, 0, 1, 2000, .help = "What it means, and what to do.",
	  .example = "\"See errors for each fault.\"" },
	{ 0 },
};

static const struct schema problem_page_schema = { "ProblemType", "An explanation of a kind of problem.", SCHEMA_ANSWER,
						   problem_fields };

static void print_problem(struct buf *json, const struct problem *problem)
{
	buf_printf(json, "{\"type\":\"/problems/%s\",\"title\":", problem->slug);
	buf_json(json, text_of(problem->title));
	buf_printf(json, ",\"status\":%d,\"about\":", problem->status);
	buf_json(json, text_of(problem->about));
	buf_char(json, '}');
}

const struct endpoint meta_problem_endpoint = {
	.id = "readProblemType",
	.tag = "Service",
	.summary = "What a problem means",
	.about = "The type of every problem+json leads here.",
	.is_open = true,
	.answers = { { 200, "The explanation.", ANSWER_OBJECT, &problem_page_schema, .content_type = "text/html" } },
};

static const struct problem *find_problem(const struct problem *const *problems, struct text slug)
{
	for (; *problems; problems++)
		if (text_equals(text_of((*problems)->slug), slug))
			return *problems;
	return NULL;
}

/* The texts are ours and hold nothing that HTML would take for markup. */
static void reply_problem_page(struct request *request, const struct problem *problem)
{
	const char *page = arena_printf(request_arena(request),
					"<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>%s</title>\n"
					"<h1>%s</h1>\n<p>Status %d</p>\n<p>%s</p>\n</html>\n",
					problem->title, problem->title, problem->status, problem->about);

	reply_header(request, "Content-Security-Policy", "default-src 'none'");
	reply_text(request, 200, "text/html; charset=utf-8", text_of(page));
}

void meta_problem(struct request *request)
{
	struct text slug = request_path_text(request, 0);
	const struct problem *problem = find_problem(problem_generic, slug);
	struct buf json;

	if (!problem)
		problem = find_problem(problem_business, slug);
	if (!problem) {
		reply_problem(request, &problem_not_found, NULL);
		return;
	}
	reply_header(request, "Vary", "Accept");
	if (wants_html(request)) {
		reply_problem_page(request, problem);
		return;
	}
	buf_init(&json);
	print_problem(&json, problem);
	reply_json_take(request, 200, &json);
	buf_done(&json);
}

const struct endpoint meta_problems_endpoint = {
	.id = "listProblemTypes",
	.tag = "Service",
	.summary = "All kinds of problems",
	.is_open = true,
	.answers = { { 200, "The explanations.", ANSWER_ITEMS, &problem_page_schema } },
};

void meta_problems(struct request *request)
{
	const struct problem *const *lists[] = { problem_generic, problem_business };
	struct buf json;

	buf_init(&json);
	buf_string(&json, "{\"items\":[");
	for (size_t i = 0; i < COUNT_OF(lists); i++)
		for (const struct problem *const *problem = lists[i]; *problem; problem++) {
			if (json.bytes[json.length - 1] != '[')
				buf_char(&json, ',');
			print_problem(&json, *problem);
		}
	buf_string(&json, "]}");
	reply_json_take(request, 200, &json);
	buf_done(&json);
}
