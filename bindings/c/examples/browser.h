/* Stands in for the user's browser and for a web server's callback route, so that the examples and tests need no web
 * framework. Plain HTTP on this machine only; nothing of this belongs into an application. */
#ifndef BROWSER_H
#define BROWSER_H

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* An answer, whole: status line, headers, an empty line, body. */
struct browser_answer {
    int status;
    char *text;       /* free with browser_answer_free */
    const char *body; /* inside text */
};

static inline void browser_answer_free(struct browser_answer *answer) {
    free(answer->text);
    memset(answer, 0, sizeof *answer);
}

static inline char *browser_copy(const char *text, size_t length) {
    char *copy = (char *)malloc(length + 1);
    if (copy != NULL) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

/* The value of the first header of this name, to be freed; NULL if there is none. `name` is written as ": " follows it
 * in lower case: "location". */
static inline char *browser_header(const struct browser_answer *answer, const char *name) {
    size_t name_length = strlen(name);
    const char *line = strstr(answer->text, "\r\n");
    while (line != NULL && line + 2 < answer->body) {
        const char *end = strstr(line + 2, "\r\n");
        const char *at = line + 2;
        size_t i = 0;
        while (i < name_length && (at[i] | 0x20) == name[i]) {
            i++;
        }
        if (i == name_length && at[i] == ':') {
            at += i + 1;
            while (*at == ' ') {
                at++;
            }
            return browser_copy(at, (size_t)(end - at));
        }
        line = end;
    }
    return NULL;
}

/* Splits "http://host:port/path?query". `path` points into `url`. */
static inline bool browser_split(const char *url, char host[128], char port[8], const char **path) {
    const char *authority = url + strlen("http://");
    size_t length, host_length;
    const char *colon;
    if (strncmp(url, "http://", strlen("http://")) != 0) {
        return false;
    }
    length = strcspn(authority, "/?#");
    colon = (const char *)memchr(authority, ':', length);
    host_length = colon == NULL ? length : (size_t)(colon - authority);
    if (host_length == 0 || host_length >= 128 || (colon != NULL && length - host_length - 1 >= 8)) {
        return false;
    }
    memcpy(host, authority, host_length);
    host[host_length] = '\0';
    if (colon == NULL) {
        strcpy(port, "80");
    } else {
        memcpy(port, colon + 1, length - host_length - 1);
        port[length - host_length - 1] = '\0';
    }
    *path = authority + length;
    return true;
}

static inline int browser_connect(const char *host, const char *port) {
    struct addrinfo hints, *found, *address;
    int connection = -1;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        return -1;
    }
    for (address = found; address != NULL; address = address->ai_next) {
        connection = socket(address->ai_family, address->ai_socktype, 0);
        if (connection >= 0 && connect(connection, address->ai_addr, address->ai_addrlen) == 0) {
            break;
        }
        if (connection >= 0) {
            close(connection);
            connection = -1;
        }
    }
    freeaddrinfo(found);
    return connection;
}

static inline bool browser_send(int connection, const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t sent = send(connection, text, left, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        text += sent;
        left -= (size_t)sent;
    }
    return true;
}

/* Reads until the other side closes, or until an empty line if `head_only`. NULL if nothing came. */
static inline char *browser_receive(int connection, bool head_only) {
    size_t size = 4096, length = 0;
    char *text = (char *)malloc(size);
    while (text != NULL) {
        ssize_t got = recv(connection, text + length, size - length - 1, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got > 0) {
            length += (size_t)got;
        }
        text[length] = '\0';
        if (got <= 0 || (head_only && strstr(text, "\r\n\r\n") != NULL)) {
            break;
        }
        if (size - length < 2) {
            char *larger = (char *)realloc(text, size *= 2);
            if (larger == NULL) {
                free(text);
            }
            text = larger;
        }
    }
    if (text != NULL && length == 0) {
        free(text);
        text = NULL;
    }
    return text;
}

/* One request. `headers` are whole lines, each ended by "\r\n"; `body` may be NULL. False if no answer came. */
static inline bool browser_request(const char *method, const char *url, const char *headers, const char *body,
                                   struct browser_answer *answer) {
    char host[128], port[8];
    const char *path;
    char *request;
    size_t size;
    int connection;
    memset(answer, 0, sizeof *answer);
    if (!browser_split(url, host, port, &path) || (connection = browser_connect(host, port)) < 0) {
        return false;
    }
    body = body == NULL ? "" : body;
    size = strlen(method) + strlen(path) + strlen(host) + strlen(headers) + strlen(body) + 128;
    request = (char *)malloc(size);
    if (request != NULL) {
        /* HTTP/1.0: the answer ends when the connection does. */
        snprintf(request, size, "%s %s%s HTTP/1.0\r\nHost: %s:%s\r\n%sContent-Length: %lu\r\n\r\n%s", method,
                 *path == '/' ? "" : "/", path, host, port, headers, (unsigned long)strlen(body), body);
        if (browser_send(connection, request)) {
            answer->text = browser_receive(connection, false);
        }
        free(request);
    }
    close(connection);
    if (answer->text == NULL || strncmp(answer->text, "HTTP/1.", 7) != 0) {
        browser_answer_free(answer);
        return false;
    }
    answer->status = atoi(answer->text + strlen("HTTP/1.x "));
    answer->body = strstr(answer->text, "\r\n\r\n");
    answer->body = answer->body == NULL ? answer->text + strlen(answer->text) : answer->body + 4;
    return true;
}

/* Opens the URL and follows redirects until one leaves the server: that is the callback. To be freed; NULL if the
 * server does not redirect, for example because it shows a page that a person must fill in. */
static inline char *browser_follow(const char *url) {
    char *at = browser_copy(url, strlen(url));
    int redirects;
    for (redirects = 0; at != NULL && redirects < 10; redirects++) {
        struct browser_answer answer;
        char *location;
        size_t origin = strlen("http://");
        if (!browser_request("GET", at, "", NULL, &answer)) {
            break;
        }
        origin += strcspn(at + origin, "/?#");
        location = browser_header(&answer, "location");
        browser_answer_free(&answer);
        if (location == NULL) {
            break;
        }
        if (location[0] == '/') {
            char *absolute = (char *)malloc(origin + strlen(location) + 1);
            if (absolute != NULL) {
                memcpy(absolute, at, origin);
                strcpy(absolute + origin, location);
            }
            free(location);
            free(at);
            at = absolute;
        } else if (strncmp(location, at, origin) != 0) {
            free(at);
            return location;
        } else {
            free(at);
            at = location;
        }
    }
    free(at);
    return NULL;
}

/* A socket that listens on this machine; port "0" takes a free one. -1 with errno if it cannot be had. */
static inline int browser_listen(const char *port) {
    struct sockaddr_in address;
    int yes = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((unsigned short)atoi(port));
    if (listener >= 0 && (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
                          bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
                          listen(listener, 64) != 0)) {
        int reason = errno;
        close(listener);
        errno = reason;
        listener = -1;
    }
    return listener;
}

/* The port that browser_listen took. */
static inline int browser_port(int listener) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    memset(&address, 0, sizeof address);
    getsockname(listener, (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

/* Waits at the redirect URI, as a web server's route would, until the browser comes back. Gives path and query, to be
 * freed; NULL with errno if the port cannot be had. */
static inline char *browser_wait(const char *redirect_uri) {
    static const char thanks[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
                                 "Thank you. You can close this window.\n";
    static const char elsewhere[] = "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    char host[128], port[8];
    const char *path;
    char *callback = NULL;
    int listener;
    errno = EINVAL;
    if (!browser_split(redirect_uri, host, port, &path) || (listener = browser_listen(port)) < 0) {
        return NULL;
    }
    while (callback == NULL) {
        int connection = accept(listener, NULL, NULL);
        char *request = connection < 0 ? NULL : browser_receive(connection, true);
        if (request != NULL && strncmp(request, "GET ", 4) == 0) {
            size_t length = strcspn(request + 4, " \r\n");
            size_t path_length = strlen(path);
            bool is_callback = strncmp(request + 4, path, path_length) == 0 &&
                               (length == path_length || request[4 + path_length] == '?');
            if (is_callback) {
                callback = browser_copy(request + 4, length);
            }
            browser_send(connection, is_callback ? thanks : elsewhere);
        }
        free(request);
        if (connection >= 0) {
            close(connection);
        }
    }
    close(listener);
    return callback;
}

#endif
