/* A web server just large enough for 03_notifications.c: 127.0.0.1, one POST at a time, closed after each. */
#ifndef EXAMPLE_HTTP_H
#define EXAMPLE_HTTP_H

#include <stdint.h>

typedef struct {
    const char *headers_json; /* a list of pairs: an object could not hold a name twice */
    const char *body;         /* raw bytes, as they came */
    uint32_t body_len;
} http_request;

typedef struct {
    long status;
    char headers[512]; /* lines that end in CR LF */
    char body[256];
} http_reply;

/*
 * Serves for ever: `handle` fills the reply to each request, `idle` runs whenever a fifth of a second passed
 * without one. Port 0 takes any that is free; the port is printed. Returns only when it cannot listen.
 */
void http_serve(uint16_t port, void (*handle)(const http_request *, http_reply *), void (*idle)(void));

#endif
