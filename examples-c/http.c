/* The server of http.h, over POSIX sockets or Winsock. */
#define _POSIX_C_SOURCE 200809L
#include "http.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef _WIN32
#include <winsock2.h>
typedef SOCKET socket_t;
typedef int socklen_t;
#define close_socket closesocket
#define SHUT_WR SD_SEND
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
typedef int socket_t;
#define close_socket close
#define INVALID_SOCKET (-1)
#endif

enum { HEAD_LIMIT = 16 * 1024, BODY_LIMIT = 1024 * 1024, READ_SECONDS = 2 };

static void send_all(socket_t peer, const char *bytes, size_t length)
{
    while (length > 0) {
        long sent = (long)send(peer, bytes, (int)length, 0);

        if (sent <= 0)
            return; /* whoever got no reply tells us again */
        bytes += sent;
        length -= (size_t)sent;
    }
}

static void send_reply(socket_t peer, const http_reply *reply)
{
    char head[1024];

    sprintf(head, "HTTP/1.1 %ld %s\r\n%.511sConnection: close\r\n", reply->status,
            reply->status < 300 ? "OK" : "Failed", reply->headers);
    /* RFC 9110: 204 has no body, and so no length. */
    if (reply->status != 204)
        sprintf(head + strlen(head), "Content-Length: %lu\r\n", (unsigned long)strlen(reply->body));
    strcat(head, "\r\n");
    send_all(peer, head, strlen(head));
    if (reply->status != 204)
        send_all(peer, reply->body, strlen(reply->body));
}

/* One JSON text; bytes beyond ASCII are Latin-1, as HTTP has it. Returns its end. */
static char *quote(char *out, const char *text, const char *end)
{
    *out++ = '"';
    for (; text < end; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte < 0x20 || byte > 0x7E || byte == '"' || byte == '\\')
            out += sprintf(out, "\\u%04x", byte);
        else
            *out++ = (char)byte;
    }
    *out++ = '"';
    return out;
}

/* The value of the header when the line is of that name, which is in lower case. */
static const char *value_of(const char *line, const char *name)
{
    size_t i;

    for (i = 0; name[i]; i++)
        if (tolower((unsigned char)line[i]) != name[i])
            return NULL;
    return line[i] == ':' ? line + i + 1 + strspn(line + i + 1, " \t") : NULL;
}

/*
 * Turns the lines between the first and the empty one into JSON, and finds the length of the body. Returns
 * 0, or the status to refuse with: where two readers could see two ends of the body, there is none.
 */
static int read_headers(const char *line, char *json, long *length, int *expects)
{
    char *out = json;

    *length = -1;
    *expects = 0;
    *out++ = '[';
    while (strncmp(line, "\r\n", 2) != 0) {
        const char *end = line + strcspn(line, "\r\n");
        const char *colon = line + strcspn(line, ":\r\n");
        const char *value;

        if (colon == line || colon == end || isspace((unsigned char)*line) || strncmp(end, "\r\n", 2) != 0)
            return 400;
        if (value_of(line, "transfer-encoding"))
            return 411;
        if (value_of(line, "expect"))
            *expects = 1;
        value = value_of(line, "content-length");
        if (value) {
            size_t digits = strspn(value, "0123456789");

            if (*length >= 0 || digits == 0 || value + digits != end)
                return 400;
            *length = digits > 9 ? BODY_LIMIT + 1L : strtol(value, NULL, 10);
        }
        if (out > json + 1)
            *out++ = ',';
        *out++ = '[';
        out = quote(out, line, colon);
        *out++ = ',';
        out = quote(out, colon + 1, end); /* the library takes blanks off */
        *out++ = ']';
        line = end + 2;
    }
    strcpy(out, "]");
    return *length < 0 ? 411 : *length > BODY_LIMIT ? 413 : 0;
}

/* More bytes; 0 when there is no room, the peer is gone, or its time is up. */
static int read_more(socket_t peer, char *bytes, size_t *have, size_t limit, time_t deadline)
{
    long got;

    if (*have >= limit || time(NULL) > deadline)
        return 0;
    got = (long)recv(peer, bytes + *have, (int)(limit - *have), 0);
    if (got <= 0)
        return 0;
    *have += (size_t)got;
    bytes[*have] = '\0';
    return 1;
}

/* Reads one request. Returns 0, or the status to refuse with. */
static int read_request(socket_t peer, http_request *request)
{
    static char bytes[HEAD_LIMIT + BODY_LIMIT + 1];
    static char headers[8 * HEAD_LIMIT]; /* an escaped byte takes six */
    time_t deadline = time(NULL) + READ_SECONDS;
    size_t have = 0;
    const char *body;
    long length;
    int expects;
    int refused;

    bytes[0] = '\0';
    while ((body = strstr(bytes, "\r\n\r\n")) == NULL)
        if (!read_more(peer, bytes, &have, HEAD_LIMIT, deadline))
            return have >= HEAD_LIMIT ? 431 : 408;
    body += 4;
    if (strncmp(bytes, "POST ", 5) != 0)
        return 405;
    refused = read_headers(strstr(bytes, "\r\n") + 2, headers, &length, &expects);
    if (refused)
        return refused;
    if (expects)
        send_all(peer, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    while (have < (size_t)(body - bytes) + (size_t)length)
        if (!read_more(peer, bytes, &have, (size_t)(body - bytes) + (size_t)length, deadline))
            return 408;
    request->headers_json = headers;
    request->body = body;
    request->body_len = (uint32_t)length;
    return 0;
}

static void limit_waits(socket_t peer)
{
#ifdef _WIN32
    DWORD limit = READ_SECONDS * 1000;
#else
    struct timeval limit = { READ_SECONDS, 0 };
#endif
    setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, (const char *)&limit, sizeof limit);
    setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, (const char *)&limit, sizeof limit);
}

static socket_t listening(uint16_t port)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    socket_t server;
    int yes = 1;

#ifdef _WIN32
    WSADATA winsock;

    if (WSAStartup(MAKEWORD(2, 2), &winsock) != 0)
        return INVALID_SOCKET;
#else
    /* A peer that hangs up while it is answered must not end the program. */
    signal(SIGPIPE, SIG_IGN);
#endif
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    server = socket(AF_INET, SOCK_STREAM, 0);
#ifdef _WIN32
    /* There SO_REUSEADDR would share the port with anybody. */
    setsockopt(server, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&yes, sizeof yes);
#else
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, (const char *)&yes, sizeof yes);
#endif
    if (server == INVALID_SOCKET || bind(server, (struct sockaddr *)&address, sizeof address) != 0
        || listen(server, 64) != 0 || getsockname(server, (struct sockaddr *)&address, &size) != 0) {
        fprintf(stderr, "cannot listen on 127.0.0.1:%u\n", (unsigned)port);
        return INVALID_SOCKET;
    }
    printf("listening on 127.0.0.1:%u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    return server;
}

/* Closed with bytes unread, a connection is reset, and what was sent last may be lost with it. */
static void close_gently(socket_t peer)
{
    static char rest[65536];
    time_t deadline = time(NULL) + 1;

    shutdown(peer, SHUT_WR);
    while (recv(peer, rest, sizeof rest, 0) > 0 && time(NULL) <= deadline)
        ;
    close_socket(peer);
}

/* Whether somebody knocks within a fifth of a second. */
static int knocks(socket_t server)
{
    struct timeval wait = { 0, 200 * 1000 };
    fd_set sockets;

    FD_ZERO(&sockets);
    FD_SET(server, &sockets);
    return select((int)server + 1, &sockets, NULL, NULL, &wait) > 0;
}

void http_serve(uint16_t port, void (*handle)(const http_request *, http_reply *), void (*idle)(void))
{
    socket_t server = listening(port);

    while (server != INVALID_SOCKET) {
        socket_t peer;
        http_request request;
        http_reply reply = { 0, "Content-Type: application/json\r\n",
                             "{\"code\":\"FAIL\",\"message\":\"not processed\"}" };

        if (!knocks(server)) {
            idle();
            continue;
        }
        peer = accept(server, NULL, NULL);
        if (peer == INVALID_SOCKET)
            continue;
        limit_waits(peer);
        reply.status = read_request(peer, &request);
        if (reply.status == 0)
            handle(&request, &reply);
        printf("replied %ld\n", reply.status);
        fflush(stdout);
        send_reply(peer, &reply);
        close_gently(peer);
    }
}
