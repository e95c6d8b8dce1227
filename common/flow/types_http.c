/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP tasks. */
#include "common/flow/task_type.h"

static const char *const methods[] = { "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", NULL };
static const char *const auth_types[] = { "BASIC", "BEARER", NULL }, *const outside_auth_types[] = { "DIGEST", NULL };

static const struct flow_property timeout_properties[] = {
        { .name = "connectTimeout", .kind = PROPERTY_DURATION, .flags = PROPERTY_DYNAMIC,
          .default_text = "PT30S", .description = "For the connection to stand." },
        { .name = "readIdleTimeout", .kind = PROPERTY_DURATION, .flags = PROPERTY_DYNAMIC, .default_text = "PT5M",
          .description = "For silence while reading." },
        { 0 },
};

static const struct flow_property auth_properties[] = {
        { .name = "type", .kind = PROPERTY_ENUM, .flags = PROPERTY_REQUIRED, .values = auth_types,
          .outside_values = outside_auth_types,
          .description = "BASIC takes username and password, BEARER takes token." },
        { .name = "username", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC, .description = "BASIC." },
        { .name = "password", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC, .description = "BASIC." },
        { .name = "token", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC, .description = "BEARER." },
        { 0 },
};

static const struct flow_property ssl_properties[] = {
        { .name = "insecureTrustAllCertificates", .kind = PROPERTY_BOOL, .flags = PROPERTY_DYNAMIC,
          .default_text = "false", .description = "Do not verify the server: for tests only." },
        { 0 },
};

static const char *const proxy_types[] = { "DIRECT", "HTTP", "SOCKS", NULL };

static const struct flow_property proxy_properties[] = {
        { .name = "type", .kind = PROPERTY_ENUM, .flags = PROPERTY_DYNAMIC, .values = proxy_types,
          .description = "DIRECT: none. HTTP where only an address is given." },
        { .name = "address", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC, .description = "The proxy's host." },
        { .name = "port", .kind = PROPERTY_INT, .flags = PROPERTY_DYNAMIC, .min = 1, .max = 65535,
          .description = "The proxy's port." },
        { .name = "username", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC, .description = "For the proxy." },
        { .name = "password", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC, .description = "For the proxy." },
        { 0 },
};

static const struct flow_property option_properties[] = {
        { .name = "timeout", .kind = PROPERTY_OBJECT, .fields = timeout_properties, .description = "Time limits." },
        { .name = "auth", .kind = PROPERTY_OBJECT, .fields = auth_properties, .description = "Who asks." },
        { .name = "followRedirects", .kind = PROPERTY_BOOL, .flags = PROPERTY_DYNAMIC, .default_text = "true",
          .description = "Go where a 3xx points to." },
        { .name = "allowFailed", .kind = PROPERTY_BOOL, .flags = PROPERTY_DYNAMIC, .default_text = "false",
          .description = "Let a 4xx or 5xx be a success." },
        { .name = "ssl", .kind = PROPERTY_OBJECT, .fields = ssl_properties, .description = "TLS." },
        { .name = "allowedResponseCodes", .kind = PROPERTY_LIST, .flags = PROPERTY_DYNAMIC,
          .description = "The status codes that are a success; absent: all below 400." },
        { .name = "maxContentLength", .kind = PROPERTY_INT, .flags = PROPERTY_DYNAMIC, .min = 1, .max = 67108864,
          .default_text = "10485760", .description = "Of an answer that becomes an output, in bytes." },
        { .name = "proxy", .kind = PROPERTY_OBJECT, .fields = proxy_properties,
          .description = "Through whom; absent: the proxy variables of the service." },
        { .name = "connectTimeout", .kind = PROPERTY_DURATION, .flags = PROPERTY_DYNAMIC,
          .description = "Older spelling of timeout.connectTimeout." },
        { .name = "readTimeout", .kind = PROPERTY_DURATION, .flags = PROPERTY_DYNAMIC,
          .description = "Older spelling of timeout.readIdleTimeout." },
        { .name = "basicAuthUser", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC,
          .description = "Older spelling of auth.username." },
        { .name = "basicAuthPassword", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC,
          .description = "Older spelling of auth.password." },
        { .name = "readIdleTimeout", .flags = PROPERTY_OUTSIDE, .description = "use timeout.readIdleTimeout" },
        { .name = "connectionPoolIdleTimeout", .flags = PROPERTY_OUTSIDE },
        { .name = "defaultCharset", .flags = PROPERTY_OUTSIDE },
        { .name = "logLevel", .flags = PROPERTY_OUTSIDE },
        { .name = "logs", .flags = PROPERTY_OUTSIDE },
        { .name = "proxyAddress", .flags = PROPERTY_OUTSIDE, .description = "use proxy" },
        { .name = "proxyPassword", .flags = PROPERTY_OUTSIDE, .description = "use proxy" },
        { .name = "proxyPort", .flags = PROPERTY_OUTSIDE, .description = "use proxy" },
        { .name = "proxyType", .flags = PROPERTY_OUTSIDE, .description = "use proxy" },
        { .name = "proxyUsername", .flags = PROPERTY_OUTSIDE, .description = "use proxy" },
        { 0 },
};

#define REQUEST_PROPERTIES                                                                                             \
        { .name = "uri", .kind = PROPERTY_STRING, .flags = PROPERTY_REQUIRED | PROPERTY_DYNAMIC,                       \
          .description = "Where to." },                                                                               \
        { .name = "method", .kind = PROPERTY_ENUM, .flags = PROPERTY_DYNAMIC, .values = methods,                       \
          .default_text = "GET", .description = "The HTTP method." },                                                 \
        { .name = "body", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC,                                          \
          .description = "The body as it goes out." },                                                                \
        { .name = "formData", .kind = PROPERTY_MAP, .flags = PROPERTY_DYNAMIC,                                         \
          .description = "Form fields instead of a body; with contentType multipart/form-data files too, by URI." },                                                          \
        { .name = "contentType", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC,                                   \
          .default_text = "application/json", .description = "The body's media type." },                                                                  \
        { .name = "headers", .kind = PROPERTY_MAP, .flags = PROPERTY_DYNAMIC, .description = "Further headers." },     \
        { .name = "options", .kind = PROPERTY_OBJECT, .fields = option_properties,                                     \
          .description = "How the request is made." },                                                                \
        { .name = "params", .flags = PROPERTY_OUTSIDE, .description = "write them into uri" },                        \
        { .name = "sslOptions", .flags = PROPERTY_OUTSIDE, .description = "use options.ssl" }

static const struct flow_property request_properties[] = {
        REQUEST_PROPERTIES,
        { .name = "encryptBody", .flags = PROPERTY_OUTSIDE },
        { 0 },
};
static const struct task_output request_outputs[] = {
        { "uri", PROPERTY_STRING, "The URI that answered, after redirects." },
        { "code", PROPERTY_INT, "The status code." },
        { "headers", PROPERTY_MAP, "Name to a list of values." },
        { "body", PROPERTY_STRING, "The answer's body." },
        { 0 },
};

static const struct flow_property download_properties[] = {
        REQUEST_PROPERTIES,
        { .name = "saveAs", .kind = PROPERTY_STRING, .flags = PROPERTY_DYNAMIC, .description = "The file's name." },
        { .name = "failOnEmptyResponse", .kind = PROPERTY_BOOL, .flags = PROPERTY_DYNAMIC, .default_text = "true",
          .description = "An empty answer fails the task." },
        { 0 },
};
static const struct task_output download_outputs[] = {
        { "uri", PROPERTY_STRING, "The downloaded file." },
        { "code", PROPERTY_INT, "The status code." },
        { "length", PROPERTY_INT, "Its size in bytes." },
        { "headers", PROPERTY_MAP, "Name to a list of values." },
        { 0 },
};

const struct task_type types_http[] = {
        { .name = "io.kestra.plugin.core.http.Request", .aliases = { "io.kestra.plugin.fs.http.Request" },
          .title = "Make an HTTP request.", .family = FAMILY_HTTP, .supported = true, .properties = request_properties,
          .outputs = request_outputs },
        { .name = "io.kestra.plugin.core.http.Download", .aliases = { "io.kestra.plugin.fs.http.Download" },
          .title = "Download a file over HTTP.", .family = FAMILY_HTTP, .supported = true, .properties = download_properties,
          .outputs = download_outputs },
        { 0 },
};
