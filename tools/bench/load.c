/*
 * Load generator of the bench, for machines with a C compiler. One thread, one epoll instance. What it sends is encoded
 * once, before the clock starts: a request is a copy of a template in which the xid and the digits of the key are
 * replaced. What comes back is read by frame length and reply header only; the xid must be the next one expected and the
 * length must be right for a getData, so a server cannot win by answering something else.
 *
 * Same modes, options and output as load.ts, which documents them. Prints one JSON object on stdout.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define KEY_DIGITS 7
#define MAX_TEMPLATE 4096
#define READ_BYTES (1 << 18)

static void fail(const char *what) {
  fprintf(stderr, "load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
  exit(1);
}
static void fail_plain(const char *what) { errno = 0; fail(what); }

static double clock_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

/* ---- options ---- */
static const char *mode = "";
static int connections = 16, outstanding = 32, data_size = 100, node_count = 1000, round_count = 20, watches = 200000;
typedef struct { int count, at[16]; } List;
static List ports, server_pids; /* of one server, or of several: connections take turns */
static double seconds = 5, warmup_seconds = 1, hold_seconds = 3, interval_ms = 5;
static const char *parent_path = "/bench/n", *mix_text = "get=100";

static void read_list(List *list, const char *text) {
  for (list->count = 0; *text; text += strcspn(text, ","), text += *text == ',') {
    if (list->count == (int)(sizeof list->at / sizeof *list->at)) fail_plain("a list is too long");
    list->at[list->count++] = atoi(text);
  }
}
static void read_options(int argc, char **argv) {
  if (argc < 2) fail_plain("usage: load bench|fill|fanout|idle|watches|probe --port P ...");
  mode = argv[1];
  for (int i = 2; i < argc; i += 2) {
    const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (!value) fail_plain("an option lacks its value");
    if (!strcmp(name, "--port")) read_list(&ports, value);
    else if (!strcmp(name, "--connections")) connections = atoi(value);
    else if (!strcmp(name, "--outstanding")) outstanding = atoi(value);
    else if (!strcmp(name, "--size")) data_size = atoi(value);
    else if (!strcmp(name, "--nodes")) node_count = atoi(value);
    else if (!strcmp(name, "--rounds")) round_count = atoi(value);
    else if (!strcmp(name, "--watches")) watches = atoi(value);
    else if (!strcmp(name, "--pid")) read_list(&server_pids, value);
    else if (!strcmp(name, "--seconds")) seconds = atof(value);
    else if (!strcmp(name, "--warmup")) warmup_seconds = atof(value);
    else if (!strcmp(name, "--hold")) hold_seconds = atof(value);
    else if (!strcmp(name, "--interval")) interval_ms = atof(value);
    else if (!strcmp(name, "--parent")) parent_path = value;
    else if (!strcmp(name, "--mix")) mix_text = value;
    else fail_plain("unknown option");
  }
  if (!ports.count) fail_plain("--port is needed");
  if (data_size > 2048) fail_plain("--size is at most 2048");
  if (node_count > 9999999) fail_plain("--nodes is at most 9999999");
}

/* ---- what the server processes use ---- */
static double cpu_seconds_of(int pid) {
  char name[64], line[2048];
  snprintf(name, sizeof name, "/proc/%d/stat", pid);
  FILE *f = fopen(name, "r");
  if (!f) return 0;
  double ticks = 0;
  if (fgets(line, sizeof line, f)) {
    char *p = strrchr(line, ')');
    unsigned long user = 0, system = 0;
    if (p && sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2) ticks = user + system;
  }
  fclose(f);
  return ticks / sysconf(_SC_CLK_TCK);
}
static double server_cpu_seconds(void) {
  double total = 0;
  for (int i = 0; i < server_pids.count; i++) total += cpu_seconds_of(server_pids.at[i]);
  return total;
}
static long resident_bytes_of(int pid) {
  char name[64], line[256];
  long kib = 0;
  snprintf(name, sizeof name, "/proc/%d/status", pid);
  FILE *f = fopen(name, "r");
  if (!f) return 0;
  while (fgets(line, sizeof line, f)) if (sscanf(line, "VmRSS: %ld", &kib) == 1) break;
  fclose(f);
  return kib * 1024;
}
static long server_resident_bytes(void) {
  long total = 0;
  for (int i = 0; i < server_pids.count; i++) total += resident_bytes_of(server_pids.at[i]);
  return total;
}
static double own_cpu_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* ---- request templates ---- */
typedef struct {
  uint8_t bytes[MAX_TEMPLATE];
  int length, key_at[4], keys, key_digits;
  int reply_length; /* of an answer without error; 0 where it varies */
} Template;

static void put32(Template *t, int32_t v) { v = htonl(v); memcpy(t->bytes + t->length, &v, 4); t->length += 4; }
static void put8(Template *t, int v) { t->bytes[t->length++] = (uint8_t)v; }
static void put_text(Template *t, const char *s) { int n = strlen(s); put32(t, n); memcpy(t->bytes + t->length, s, n); t->length += n; }
static void put_data(Template *t, int n) { put32(t, n); for (int i = 0; i < n; i++) put8(t, 'a' + i % 26); }
static void put_path(Template *t, const char *parent, int digits) {
  int n = strlen(parent);
  put32(t, n + 1 + digits);
  memcpy(t->bytes + t->length, parent, n);
  t->length += n;
  put8(t, '/');
  t->key_at[t->keys++] = t->length;
  t->key_digits = digits;
  for (int i = 0; i < digits; i++) put8(t, '0');
}
static void put_open_acl(Template *t) { put32(t, 1); put32(t, 31); put_text(t, "world"); put_text(t, "anyone"); }
static void open_request(Template *t, int op) { memset(t, 0, sizeof *t); put32(t, 0); put32(t, 0); put32(t, op); }
static void close_request(Template *t) { int32_t n = htonl(t->length - 4); memcpy(t->bytes, &n, 4); }

enum { OP_CREATE = 1, OP_DELETE = 2, OP_EXISTS = 3, OP_GET = 4, OP_SET = 5, OP_CHILDREN = 8, OP_MULTI = 14, OP_CLOSE = -11 };
enum { T_GET, T_SET, T_EXISTS, T_MULTI, T_CREATE, T_DELETE, T_KINDS };
static Template templates[T_KINDS], watch_template, fill_template, plain_create;

#define PRIVATE_DIGITS 15 /* five of the connection, ten of its counter */
static void make_templates(void) {
  Template *t = &templates[T_GET];
  open_request(t, OP_GET); put_path(t, parent_path, KEY_DIGITS); put8(t, 0); close_request(t);
  t->reply_length = 16 + 4 + data_size + 68;
  t = &templates[T_EXISTS];
  open_request(t, OP_EXISTS); put_path(t, parent_path, KEY_DIGITS); put8(t, 0); close_request(t);
  t->reply_length = 16 + 68;
  t = &templates[T_SET];
  open_request(t, OP_SET); put_path(t, parent_path, KEY_DIGITS); put_data(t, data_size); put32(t, -1); close_request(t);
  t->reply_length = 16 + 68;
  t = &templates[T_MULTI];
  open_request(t, OP_MULTI);
  for (int i = 0; i < 2; i++) {
    put32(t, OP_SET); put8(t, 0); put32(t, -1);
    put_path(t, parent_path, KEY_DIGITS); put_data(t, data_size); put32(t, -1);
  }
  put32(t, -1); put8(t, 1); put32(t, -1);
  close_request(t);
  t->reply_length = 16 + 2 * (9 + 68) + 9;
  t = &templates[T_CREATE];
  open_request(t, OP_CREATE); put_path(t, "/bench/t", PRIVATE_DIGITS); put_data(t, data_size); put_open_acl(t); put32(t, 0); close_request(t);
  t = &templates[T_DELETE];
  open_request(t, OP_DELETE); put_path(t, "/bench/t", PRIVATE_DIGITS); put32(t, -1); close_request(t);
  t->reply_length = 16;
  t = &watch_template;
  open_request(t, OP_GET); put_path(t, parent_path, KEY_DIGITS); put8(t, 1); close_request(t);
  t = &fill_template;
  open_request(t, OP_CREATE); put_path(t, parent_path, KEY_DIGITS); put_data(t, data_size); put_open_acl(t); put32(t, 0); close_request(t);
}

static int mix_kind[T_KINDS * 2], mix_weight[T_KINDS * 2], mix_count, mix_total;
enum { K_CREATE_DELETE = 100 };
static void parse_mix(void) {
  static const struct { const char *name; int kind; } known[] = {
    {"get", T_GET}, {"set", T_SET}, {"exists", T_EXISTS}, {"multi", T_MULTI}, {"create-delete", K_CREATE_DELETE}};
  char copy[256];
  snprintf(copy, sizeof copy, "%s", mix_text);
  for (char *word = strtok(copy, ","); word; word = strtok(NULL, ",")) {
    char *equals = strchr(word, '=');
    int weight = equals ? atoi(equals + 1) : 1, found = 0;
    if (equals) *equals = 0;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) if (!strcmp(word, known[i].name)) {
      mix_kind[mix_count] = known[i].kind;
      mix_weight[mix_count++] = weight;
      mix_total += weight;
      found = 1;
    }
    if (!found) fail_plain("unknown operation in --mix");
  }
  if (!mix_total) fail_plain("--mix is empty");
}

static char *key_table; /* KEY_DIGITS characters for each node */
static void make_keys(void) {
  key_table = malloc((size_t)node_count * KEY_DIGITS + 1);
  if (!key_table) fail("memory");
  for (int i = 0; i < node_count; i++) {
    int v = i;
    for (int d = KEY_DIGITS - 1; d >= 0; d--) { key_table[(size_t)i * KEY_DIGITS + d] = '0' + v % 10; v /= 10; }
  }
}
static uint32_t random_state = 2463534242u;
static inline uint32_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  return random_state ^= random_state << 5;
}
static inline int random_below(int bound) { return (int)(((uint64_t)next_random() * (uint32_t)bound) >> 32); }

/* ---- connections ---- */
typedef struct {
  int fd, index, is_up, waits_for_room;
  uint8_t *out; int out_length, out_at, out_room;
  uint8_t *rest; int rest_length, rest_room; /* an incomplete frame, until its end arrives */
  double *sent_us; int16_t *reply_length;    /* rings: replies come in the order of the requests */
  uint32_t head, tail, ring;
  int32_t next_xid, expected_xid;
  uint64_t created, deleted;
  int notified;
} Conn;

static int epoll_fd;
static Conn *conns;
static uint8_t read_buffer[READ_BYTES];
static double event_us;
static uint64_t replies, errors, notifications;
static int sessions_up;

static uint8_t *reserve(Conn *c, int n) {
  if (c->out_length + n > c->out_room) {
    c->out_room = (c->out_length + n) * 2;
    c->out = realloc(c->out, c->out_room);
    if (!c->out) fail("memory");
  }
  uint8_t *at = c->out + c->out_length;
  c->out_length += n;
  return at;
}
static inline void send_template(Conn *c, const Template *t, const char *key) {
  uint8_t *at = reserve(c, t->length);
  memcpy(at, t->bytes, t->length);
  int32_t xid = htonl(c->next_xid++);
  memcpy(at + 4, &xid, 4);
  if (key) for (int i = 0; i < t->keys; i++) memcpy(at + t->key_at[i], key, t->key_digits);
  uint32_t slot = c->tail++ & c->ring;
  c->sent_us[slot] = event_us;
  c->reply_length[slot] = t->reply_length;
}
static void private_key(char *out, int index, uint64_t counter) {
  for (int d = 4; d >= 0; d--) { out[d] = '0' + index % 10; index /= 10; }
  for (int d = PRIVATE_DIGITS - 1; d >= 5; d--) { out[d] = '0' + counter % 10; counter /= 10; }
}
static uint64_t private_base;
static inline void send_next(Conn *c) {
  int kind = mix_kind[0];
  if (mix_count > 1) {
    int r = random_below(mix_total);
    for (int i = 0; i < mix_count; i++) { if (r < mix_weight[i]) { kind = mix_kind[i]; break; } r -= mix_weight[i]; }
  }
  if (kind == K_CREATE_DELETE) {
    char key[PRIVATE_DIGITS];
    int is_create = c->created == c->deleted;
    private_key(key, c->index, private_base + (is_create ? c->created++ : c->deleted++));
    send_template(c, &templates[is_create ? T_CREATE : T_DELETE], key);
    return;
  }
  send_template(c, &templates[kind], key_table + (size_t)random_below(node_count) * KEY_DIGITS);
}
static void flush(Conn *c) {
  while (c->out_at < c->out_length) {
    ssize_t n = write(c->fd, c->out + c->out_at, c->out_length - c->out_at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) fail("write");
    c->out_at += n;
  }
  if (c->out_at == c->out_length) c->out_at = c->out_length = 0;
  int waits = c->out_length > 0;
  if (waits != c->waits_for_room) {
    struct epoll_event e = {.events = EPOLLIN | (waits ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e)) fail("epoll_ctl");
    c->waits_for_room = waits;
  }
}
static void dial(Conn *c, int index, int window) {
  uint32_t ring = 4;
  while (ring < (uint32_t)window + 1) ring *= 2;
  memset(c, 0, sizeof *c);
  c->index = index;
  c->ring = ring - 1;
  c->sent_us = malloc(ring * sizeof *c->sent_us);
  c->reply_length = malloc(ring * sizeof *c->reply_length);
  c->next_xid = c->expected_xid = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) fail("socket");
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(ports.at[index % ports.count]), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) fail("connect");
  static const uint8_t hello[49] = {0, 0, 0, 45, [18] = 0x75, [19] = 0x30, [31] = 16}; /* new session, timeout 30000 ms */
  memcpy(reserve(c, sizeof hello), hello, sizeof hello);
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
  c->waits_for_room = 1;
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &e)) fail("epoll_ctl");
}

/* ---- latency histogram: 64 steps per power of two, unit 1/8 us ---- */
static uint64_t histogram[64 * 40], recorded;
static double max_us;
static float *latencies; /* of every operation in turn, where they are wanted */
static int is_measuring;
static void record(double us) {
  uint64_t v = us > 0 ? (uint64_t)(us * 8) : 0;
  int i = (int)v;
  if (v >= 64) { int shift = 63 - __builtin_clzll(v) - 6; i = (shift + 1) * 64 + (int)((v >> shift) & 63); }
  histogram[i]++;
  if (latencies) latencies[recorded] = (float)us;
  recorded++;
  if (us > max_us) max_us = us;
}
static double quantile_us(double q) {
  uint64_t seen = 0;
  for (int i = 0; i < 64 * 40; i++) {
    seen += histogram[i];
    if (seen > q * recorded) {
      double v = i < 64 ? i + .5 : ((64 | (i & 63)) + .5) * (double)(1ull << ((i >> 6) - 1));
      return v / 8 < max_us ? v / 8 : max_us;
    }
  }
  return max_us;
}

/* ---- the loop ---- */
typedef void (*On_reply)(Conn *c);
static On_reply on_reply;

static void take_frame(Conn *c, const uint8_t *p, int length) {
  if (!c->is_up) {
    int32_t timeout;
    if (length < 36) fail_plain("short ConnectResponse");
    memcpy(&timeout, p + 4, 4);
    if ((int32_t)ntohl(timeout) <= 0) fail_plain("session refused");
    c->is_up = 1;
    sessions_up++;
    return;
  }
  int32_t xid, error;
  if (length < 16) fail_plain("short reply");
  memcpy(&xid, p, 4);
  memcpy(&error, p + 12, 4);
  xid = ntohl(xid);
  if (xid == -1) { notifications++; c->notified++; return; }
  if (xid != c->expected_xid) fail_plain("a reply out of order");
  c->expected_xid++;
  uint32_t slot = c->head++ & c->ring;
  if (error || (c->reply_length[slot] && c->reply_length[slot] != length)) errors++;
  replies++;
  if (is_measuring) record(event_us - c->sent_us[slot]);
  if (on_reply) on_reply(c);
}
static void keep_rest(Conn *c, const uint8_t *p, int n) {
  if (n > c->rest_room) {
    c->rest_room = n * 2;
    uint8_t *larger = malloc(c->rest_room);
    if (!larger) fail("memory");
    memcpy(larger, p, n);
    free(c->rest);
    c->rest = larger;
  } else memmove(c->rest, p, n);
  c->rest_length = n;
}
static void readable(Conn *c) {
  int had = c->rest_length;
  memcpy(read_buffer, c->rest, had);
  ssize_t n = read(c->fd, read_buffer + had, READ_BYTES - had);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) fail("read");
  if (n == 0) fail_plain("the server closed a connection");
  int total = had + (int)n, at = 0;
  event_us = clock_us();
  while (total - at >= 4) {
    int32_t length;
    memcpy(&length, read_buffer + at, 4);
    length = ntohl(length);
    if (length < 0 || length > READ_BYTES / 2) fail_plain("a frame of absurd length from the server");
    if (total - at - 4 < length) break;
    take_frame(c, read_buffer + at + 4, length);
    at += 4 + length;
  }
  if (total - at > 0 || had) keep_rest(c, read_buffer + at, total - at);
}
/* Runs until `until_us`, or until *counter has reached `goal`. */
static void run_loop(double until_us, const uint64_t *counter, uint64_t goal) {
  struct epoll_event events[512];
  while ((!counter || *counter < goal) && clock_us() < until_us) {
    double left_ms = (until_us - clock_us()) / 1e3;
    int n = epoll_wait(epoll_fd, events, 512, left_ms < 0 ? 0 : left_ms < 5 ? (int)ceil(left_ms) : 5);
    for (int i = 0; i < n; i++) {
      Conn *c = events[i].data.ptr;
      if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) readable(c);
      if (c->out_length > 0 || c->waits_for_room) flush(c);
    }
  }
}
static void run_until(const uint64_t *counter, uint64_t goal, double limit_seconds, const char *what) {
  run_loop(clock_us() + limit_seconds * 1e6, counter, goal);
  if (*counter < goal) fail_plain(what);
}
static Conn *open_connections(int count, int window) {
  Conn *cs = calloc(count, sizeof *cs);
  if (!cs) fail("memory");
  int dialled = 0;
  double limit = clock_us() + (60 + count / 100.0) * 1e6;
  sessions_up = 0;
  while (sessions_up < count) { /* a hundred at a time: the listen queue is not what is measured */
    while (dialled < count && dialled - sessions_up < 100) { dial(&cs[dialled], dialled, window); dialled++; }
    struct epoll_event events[256];
    int n = epoll_wait(epoll_fd, events, 256, 100);
    for (int i = 0; i < n; i++) {
      Conn *c = events[i].data.ptr;
      if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) readable(c);
      if (c->out_length > 0 || c->waits_for_room) flush(c);
    }
    if (clock_us() > limit) fail_plain("not all sessions were accepted in time");
  }
  return cs;
}
static void close_session(Conn *c) {
  Template t;
  open_request(&t, OP_CLOSE);
  close_request(&t);
  uint64_t goal = replies + 1;
  on_reply = NULL;
  send_template(c, &t, NULL);
  flush(c);
  run_until(&replies, goal, 30, "no reply to closeSession");
  close(c->fd);
}

static void on_bench(Conn *c) { send_next(c); }

/* What follows the opening brace of a result. */
static void print_figures(double elapsed_us, uint64_t operations, double server_cpu, double own_cpu) {
  printf("\"mode\":\"%s\",\"seconds\":%.4f,\"operations\":%llu,\"operationsPerSecond\":%.1f,\"errors\":%llu,"
         "\"p50Us\":%.1f,\"p95Us\":%.1f,\"p99Us\":%.1f,\"maxUs\":%.1f,\"serverCpuSeconds\":%.2f,\"clientCpuSeconds\":%.3f}\n",
         mode, elapsed_us / 1e6, (unsigned long long)operations, operations / (elapsed_us / 1e6), (unsigned long long)errors,
         quantile_us(.5), quantile_us(.95), quantile_us(.99), max_us, server_cpu, own_cpu);
}
static void print_result(double elapsed_us, uint64_t operations, double server_cpu, double own_cpu) {
  printf("{");
  print_figures(elapsed_us, operations, server_cpu, own_cpu);
}
static void bench(void) {
  conns = open_connections(connections, outstanding);
  on_reply = on_bench;
  event_us = clock_us();
  for (int i = 0; i < connections; i++) { for (int k = 0; k < outstanding; k++) send_next(&conns[i]); flush(&conns[i]); }
  run_loop(clock_us() + warmup_seconds * 1e6, NULL, 0);
  uint64_t before = replies;
  errors = 0;
  double server_before = server_cpu_seconds(), own_before = own_cpu_seconds(), start = clock_us();
  is_measuring = 1;
  run_loop(start + seconds * 1e6, NULL, 0);
  double elapsed = clock_us() - start;
  print_result(elapsed, replies - before, server_cpu_seconds() - server_before, own_cpu_seconds() - own_before);
}

static int fill_next;
static void on_fill(Conn *c) { if (fill_next < node_count) send_template(c, &fill_template, key_table + (size_t)fill_next++ * KEY_DIGITS); }
static void create_parents(Conn *c) {
  /* "/bench", "/bench/t" and every prefix of the parent; that they exist already is no error */
  char path[512];
  uint64_t goal = replies;
  const char *fixed[] = {"/bench", "/bench/t"};
  for (int i = 0; i < 2; i++) {
    open_request(&plain_create, OP_CREATE); put_text(&plain_create, fixed[i]); put_data(&plain_create, 0); put_open_acl(&plain_create); put32(&plain_create, 0);
    close_request(&plain_create); send_template(c, &plain_create, NULL); goal++;
  }
  for (const char *slash = strchr(parent_path + 1, '/');; slash = strchr(slash + 1, '/')) {
    snprintf(path, sizeof path, "%.*s", slash ? (int)(slash - parent_path) : (int)strlen(parent_path), parent_path);
    open_request(&plain_create, OP_CREATE); put_text(&plain_create, path); put_data(&plain_create, 0); put_open_acl(&plain_create); put32(&plain_create, 0);
    close_request(&plain_create); send_template(c, &plain_create, NULL); goal++;
    if (!slash) break;
  }
  flush(c);
  run_until(&replies, goal, 60, "no reply to the creation of the parents");
  errors = 0;
}
static void fill(void) {
  conns = open_connections(connections, outstanding + 16);
  create_parents(&conns[0]);
  uint64_t goal = replies + node_count;
  double server_before = server_cpu_seconds(), own_before = own_cpu_seconds(), start = clock_us();
  event_us = start;
  on_reply = on_fill;
  is_measuring = 1;
  for (int i = 0; i < connections; i++) {
    for (int k = 0; k < outstanding && fill_next < node_count; k++) on_fill(&conns[i]);
    flush(&conns[i]);
  }
  run_until(&replies, goal, 1200, "filling took longer than 20 minutes");
  print_result(clock_us() - start, node_count, server_cpu_seconds() - server_before, own_cpu_seconds() - own_before);
  is_measuring = 0;
  for (int i = 0; i < connections; i++) close_session(&conns[i]);
}

static void fanout(void) {
  conns = open_connections(connections, 8);
  double worst = 0, sum = 0;
  errors = 0;
  for (int r = 0; r < round_count; r++) {
    uint64_t goal = replies + connections;
    for (int i = 0; i < connections; i++) { send_template(&conns[i], &watch_template, key_table); flush(&conns[i]); }
    run_until(&replies, goal, 120, "not all watches could be set");
    notifications = 0;
    double start = clock_us();
    event_us = start;
    send_template(&conns[r % connections], &templates[T_SET], key_table);
    flush(&conns[r % connections]);
    run_until(&notifications, connections, 120, "some watches never fired");
    double us = clock_us() - start;
    record(us);
    sum += us;
    if (us > worst) worst = us;
    goal = goal + 1;
    run_until(&replies, goal, 30, "no reply to setData");
  }
  printf("{\"mode\":\"fanout\",\"watchers\":%d,\"rounds\":%d,\"meanMs\":%.3f,\"p50Ms\":%.3f,\"maxMs\":%.3f,\"errors\":%llu}\n",
         connections, round_count, sum / round_count / 1e3, quantile_us(.5) / 1e3, worst / 1e3, (unsigned long long)errors);
}

static void idle(void) {
  long before = server_resident_bytes();
  double cpu_before = server_cpu_seconds(), start = clock_us();
  conns = open_connections(connections, 2);
  double elapsed = clock_us() - start, cpu = server_cpu_seconds() - cpu_before;
  run_loop(clock_us() + hold_seconds * 1e6, NULL, 0);
  long after = server_resident_bytes();
  printf("{\"mode\":\"idle\",\"sessions\":%d,\"seconds\":%.4f,\"sessionsPerSecond\":%.1f,\"serverCpuSeconds\":%.2f,"
         "\"residentBytesBefore\":%ld,\"residentBytesAfter\":%ld}\n",
         connections, elapsed / 1e6, connections / (elapsed / 1e6), cpu, before, after);
}

static int watch_next_limit;
static int *watch_next;
static void on_watch(Conn *c) {
  if (watch_next[c->index] < watch_next_limit) send_template(c, &watch_template, key_table + (size_t)watch_next[c->index]++ * KEY_DIGITS);
}
static void set_watches(void) {
  conns = open_connections(connections, 64);
  watch_next_limit = watches / connections;
  if (watch_next_limit > node_count) fail_plain("--watches / --connections exceeds --nodes");
  watch_next = calloc(connections, sizeof *watch_next);
  /* The same reads without watches first: what buffers cost is not what watches cost. */
  uint64_t goal = replies;
  for (int i = 0; i < connections; i++) { for (int k = 0; k < 32; k++) { send_template(&conns[i], &templates[T_GET], key_table); goal++; } flush(&conns[i]); }
  run_until(&replies, goal, 60, "no reply to reads");
  run_loop(clock_us() + 1e6, NULL, 0);
  long before = server_resident_bytes();
  goal = replies + (uint64_t)watch_next_limit * connections;
  double start = clock_us();
  on_reply = on_watch;
  for (int i = 0; i < connections; i++) { for (int k = 0; k < 32; k++) on_watch(&conns[i]); flush(&conns[i]); }
  run_until(&replies, goal, 300, "not all watches could be set");
  double elapsed = clock_us() - start;
  run_loop(clock_us() + hold_seconds * 1e6, NULL, 0);
  printf("{\"mode\":\"watches\",\"watches\":%d,\"seconds\":%.4f,\"errors\":%llu,\"residentBytesBefore\":%ld,\"residentBytesAfter\":%ld}\n",
         watch_next_limit * connections, elapsed / 1e6, (unsigned long long)errors, before, server_resident_bytes());
}

static volatile sig_atomic_t is_asked_to_stop;
static void ask_to_stop(int signal_number) { (void)signal_number; is_asked_to_stop = 1; }
/* One read every interval, also while earlier ones still wait, so that a stall is seen in its full length; the latency of
 * each is in the result, in the order of sending. */
static void probe(void) {
  signal(SIGTERM, ask_to_stop);
  conns = open_connections(1, 1 << 16);
  Conn *c = &conns[0];
  latencies = calloc((size_t)(seconds * 1e3 / interval_ms) + 2, sizeof *latencies);
  if (!latencies) fail("calloc");
  is_measuring = 1;
  double start = clock_us(), due = start, end = due + seconds * 1e6;
  uint64_t sent = 0;
  printf("ready\n");
  fflush(stdout);
  for (; !is_asked_to_stop && due < end; due += interval_ms * 1e3) {
    run_loop(due, NULL, 0);
    event_us = clock_us();
    send_template(c, &templates[T_GET], key_table + (size_t)random_below(node_count) * KEY_DIGITS);
    flush(c);
    sent++;
  }
  run_until(&replies, sent, 120, "a read was never answered");
  printf("{\"latenciesUs\":[");
  for (uint64_t i = 0; i < recorded; i++) printf(i ? ",%.1f" : "%.1f", latencies[i]);
  printf("],");
  print_figures(clock_us() - start, replies, 0, own_cpu_seconds());
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  read_options(argc, argv);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  parse_mix();
  make_templates();
  make_keys();
  private_base = (uint64_t)getpid() * 10000 % 1000000000;
  random_state ^= (uint32_t)getpid();
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) fail("epoll_create1");
  errno = 0;
  if (!strcmp(mode, "bench")) bench();
  else if (!strcmp(mode, "fill")) fill();
  else if (!strcmp(mode, "fanout")) fanout();
  else if (!strcmp(mode, "idle")) idle();
  else if (!strcmp(mode, "watches")) set_watches();
  else if (!strcmp(mode, "probe")) probe();
  else fail_plain("unknown mode");
  return 0;
}
