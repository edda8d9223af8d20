/*
 * The multi-threaded C client against a running server: its synchronous and asynchronous calls, watches, multi, ACLs,
 * sessions by id and password.
 * usage: peer HOST:PORT
 *        peer HOST:PORT hold PATH TIMEOUT_MS    makes an ephemeral, prints its session, and dies without a goodbye
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zookeeper.h>

/* Long enough for a busy machine; nothing waits that long unless it failed. */
#define PATIENCE_MS 20000
#define LARGE_BYTES (512 * 1024)
/* How the process that holds a session says that its connection broke. */
#define EXIT_INTERRUPTED 3

static const char *address;
static const char *self;
/* A znode with the data "root", made for the attempt at a check. */
static char base[64];
static zhandle_t *mine;
static zhandle_t *other;

/* ---- what a check says ---- */

typedef const char *(*body_t)(void);

static char problem[1024];

static const char *wrong(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(problem, sizeof problem, format, args);
  va_end(args);
  for (char *at = problem; *at != '\0'; at++)
    if (*at == '\n') *at = ' ';
  return problem;
}

/* Set when a failure may be due to a connection that broke, which says nothing about the server's answers. */
static atomic_bool is_interrupted;

static bool is_interruption(int rc) {
  return rc == ZCONNECTIONLOSS || rc == ZOPERATIONTIMEOUT || rc == ZSESSIONEXPIRED || rc == ZSESSIONMOVED ||
         rc == ZINVALIDSTATE;
}

static const char *refused(const char *call, int rc, int wanted) {
  if (is_interruption(rc)) is_interrupted = true;
  return wrong("%s gives %d (%s) instead of %d", call, rc, zerror(rc), wanted);
}

#define GIVES(call, wanted)                                    \
  do {                                                         \
    int rc_ = (call);                                          \
    if (rc_ != (wanted)) return refused(#call, rc_, (wanted)); \
  } while (0)
#define OK(call) GIVES(call, ZOK)
#define HOLDS(condition)                                        \
  do {                                                          \
    if (!(condition)) return wrong("%s is not so", #condition); \
  } while (0)
#define EQUAL(actual, wanted)                                                                              \
  do {                                                                                                     \
    int64_t actual_ = (int64_t)(actual), wanted_ = (int64_t)(wanted);                                      \
    if (actual_ != wanted_) return wrong("%s is %" PRId64 " instead of %" PRId64, #actual, actual_, wanted_); \
  } while (0)
#define SAME(actual, wanted)                                                                          \
  do {                                                                                                \
    if (strcmp((actual), (wanted)) != 0) return wrong("%s is %s instead of %s", #actual, (actual), (wanted)); \
  } while (0)
#define PASSES(call)                       \
  do {                                     \
    const char *problem_ = (call);         \
    if (problem_ != NULL) return problem_; \
  } while (0)

/* A path below the folder of this attempt; eight of them may be in use at once. */
static const char *at(const char *name) {
  static char paths[8][256];
  static int next;
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s%s%s", base, name[0] == '\0' ? "" : "/", name);
  return path;
}

/* ---- waiting for other threads ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* Waits until the counter, which other threads raise, is at least `wanted`. */
static bool reaches_within(const int *counter, int wanted, long limit_ms) {
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_nsec += limit_ms % 1000 * 1000000;
  deadline.tv_sec += limit_ms / 1000 + deadline.tv_nsec / 1000000000;
  deadline.tv_nsec %= 1000000000;
  int rc = 0;
  pthread_mutex_lock(&lock);
  while (*counter < wanted && rc == 0) rc = pthread_cond_timedwait(&changed, &lock, &deadline);
  bool is_there = *counter >= wanted;
  pthread_mutex_unlock(&lock);
  return is_there;
}

static bool reaches(const int *counter, int wanted) { return reaches_within(counter, wanted, PATIENCE_MS); }

static void raise_counter(int *counter) {
  pthread_mutex_lock(&lock);
  *counter += 1;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

static void pause_ms(long ms) {
  struct timespec pause = {ms / 1000, (ms % 1000) * 1000000};
  nanosleep(&pause, NULL);
}

/* ---- watches ---- */

struct heard {
  int count;
  int type;
  char path[256];
};

static void on_watch(zhandle_t *zh, int type, int state, const char *path, void *context) {
  (void)zh, (void)state;
  if (type == ZOO_SESSION_EVENT) return;
  struct heard *heard = context;
  heard->type = type;
  snprintf(heard->path, sizeof heard->path, "%s", path);
  raise_counter(&heard->count);
}

static const char *fires(struct heard *heard, int type, const char *path) {
  if (!reaches(&heard->count, 1)) return wrong("no event %d of %s in time", type, path);
  if (heard->type != type || strcmp(heard->path, path) != 0)
    return wrong("event %d of %s instead of %d of %s", heard->type, heard->path, type, path);
  return NULL;
}

/* ---- sessions ---- */

struct session {
  int connected;
  int expired;
  int auth_failed;
};

static struct session mine_session, other_session;
/* Connections that were lost, of all sessions, and how many of them the check has broken itself. */
static int losses, wanted_losses;

static void on_session(zhandle_t *zh, int type, int state, const char *path, void *context) {
  (void)zh, (void)path;
  struct session *session = context;
  if (type != ZOO_SESSION_EVENT || session == NULL) return;
  if (state == ZOO_CONNECTING_STATE) raise_counter(&losses);
  if (state == ZOO_CONNECTED_STATE) raise_counter(&session->connected);
  if (state == ZOO_EXPIRED_SESSION_STATE) raise_counter(&session->expired);
  if (state == ZOO_AUTH_FAILED_STATE) raise_counter(&session->auth_failed);
}

static const char *open_session(zhandle_t **opened, const char *where, int timeout_ms, const clientid_t *id,
                                struct session *session) {
  *opened = zookeeper_init(where, on_session, timeout_ms, id, session, 0);
  if (*opened != NULL && reaches(&session->connected, 1)) return NULL;
  is_interrupted = true;
  return wrong("no session at %s in time", where);
}

/* Shuts all sockets that are connected to the server: none of them says which session it belongs to. */
static int cut_connections(void) {
  int port = atoi(strchr(address, ':') + 1);
  int cut = 0;
  for (int fd = 3; fd < 256; fd++) {
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0 || peer.ss_family == AF_UNIX) continue;
    in_port_t found = peer.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&peer)->sin6_port
                                                 : ((struct sockaddr_in *)&peer)->sin_port;
    if (ntohs(found) == port && shutdown(fd, SHUT_RDWR) == 0) cut++;
  }
  return cut;
}

/* Cuts the connections of both sessions and waits until they have others. */
static const char *reconnect(void) {
  int mine_before = mine_session.connected;
  int other_before = other_session.connected;
  wanted_losses += cut_connections();
  HOLDS(wanted_losses >= 2);
  HOLDS(reaches(&mine_session.connected, mine_before + 1));
  HOLDS(reaches(&other_session.connected, other_before + 1));
  return NULL;
}

static const char *gone(const char *path) {
  for (int tries = 0; tries < PATIENCE_MS / 50; tries++) {
    int rc = zoo_exists(other, path, 0, NULL);
    if (rc == ZNONODE) return NULL;
    if (rc != ZOK) return refused("exists", rc, ZNONODE);
    pause_ms(50);
  }
  return wrong("%s is still there", path);
}

/* ---- operations ---- */

static int make(zhandle_t *zh, const char *path, const char *data, int mode, char *name, int size) {
  int length = data == NULL ? -1 : (int)strlen(data);
  return zoo_create(zh, path, data, length, &ZOO_OPEN_ACL_UNSAFE, mode, name, size);
}

static const char *same_stat(const struct Stat *actual, const struct Stat *wanted) {
  EQUAL(actual->czxid, wanted->czxid);
  EQUAL(actual->mzxid, wanted->mzxid);
  EQUAL(actual->pzxid, wanted->pzxid);
  EQUAL(actual->ctime, wanted->ctime);
  EQUAL(actual->mtime, wanted->mtime);
  EQUAL(actual->version, wanted->version);
  EQUAL(actual->cversion, wanted->cversion);
  EQUAL(actual->aversion, wanted->aversion);
  EQUAL(actual->ephemeralOwner, wanted->ephemeralOwner);
  EQUAL(actual->dataLength, wanted->dataLength);
  EQUAL(actual->numChildren, wanted->numChildren);
  return NULL;
}

static const char *has_session(void) {
  EQUAL(zoo_state(mine), ZOO_CONNECTED_STATE);
  EQUAL(zoo_recv_timeout(mine), 10000);
  HOLDS(zoo_client_id(mine)->client_id != 0);
  HOLDS(zoo_client_id(mine)->client_id != zoo_client_id(other)->client_id);
  return NULL;
}

static const char *creates(void) {
  char name[256];
  OK(make(mine, at("new"), "n", ZOO_PERSISTENT, name, sizeof name));
  SAME(name, at("new"));
  return NULL;
}

static const char *reads(void) {
  char data[64];
  int length = sizeof data;
  struct Stat stat;
  OK(zoo_get(other, base, 0, data, &length, &stat));
  EQUAL(length, 4);
  HOLDS(memcmp(data, "root", 4) == 0);
  int64_t now = (int64_t)time(NULL) * 1000;
  HOLDS(stat.ctime > now - 60000 && stat.ctime < now + 60000);
  EQUAL(stat.mtime, stat.ctime);
  HOLDS(stat.czxid > 0);
  EQUAL(stat.mzxid, stat.czxid);
  EQUAL(stat.pzxid, stat.czxid);
  EQUAL(stat.version, 0);
  EQUAL(stat.cversion, 0);
  EQUAL(stat.aversion, 0);
  EQUAL(stat.ephemeralOwner, 0);
  EQUAL(stat.dataLength, 4);
  EQUAL(stat.numChildren, 0);
  return NULL;
}

static const char *keeps_no_data_apart(void) {
  char data[8];
  struct Stat stat;
  OK(make(mine, at("null"), NULL, ZOO_PERSISTENT, NULL, 0));
  int length = sizeof data;
  OK(zoo_get(other, at("null"), 0, data, &length, &stat));
  EQUAL(length, -1);
  EQUAL(stat.dataLength, 0);
  OK(zoo_set(mine, at("null"), "", 0, 0));
  length = sizeof data;
  OK(zoo_get(other, at("null"), 0, data, &length, &stat));
  EQUAL(length, 0);
  OK(zoo_delete(mine, at("null"), 1));
  return NULL;
}

static const char *sequences(void) {
  char first[256], second[256];
  OK(make(mine, at("s-"), "", ZOO_PERSISTENT_SEQUENTIAL, first, sizeof first));
  OK(make(mine, at("s-"), "", ZOO_EPHEMERAL_SEQUENTIAL, second, sizeof second));
  HOLDS(strncmp(first, at("s-00000000"), strlen(base) + 11) == 0);
  EQUAL(atoi(second + strlen(base) + 3) - atoi(first + strlen(base) + 3), 1);
  OK(zoo_delete(mine, first, -1));
  OK(zoo_delete(mine, second, -1));
  return NULL;
}

static const char *ephemerals(void) {
  struct Stat stat;
  OK(make(mine, at("e"), "e", ZOO_EPHEMERAL, NULL, 0));
  OK(zoo_exists(other, at("e"), 0, &stat));
  EQUAL(stat.ephemeralOwner, zoo_client_id(mine)->client_id);
  GIVES(make(mine, at("e/x"), "", ZOO_PERSISTENT, NULL, 0), ZNOCHILDRENFOREPHEMERALS);
  return NULL;
}

static const char *creates_with_stat(void) {
  char name[256];
  struct Stat made, seen;
  OK(zoo_create2(mine, at("two"), "22", 2, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, name, sizeof name, &made));
  SAME(name, at("two"));
  OK(zoo_exists(other, at("two"), 0, &seen));
  PASSES(same_stat(&made, &seen));
  OK(zoo_delete(mine, at("two"), 0));
  return NULL;
}

static const char *containers(void) {
  OK(make(mine, at("c"), "c", ZOO_CONTAINER, NULL, 0));
  OK(make(mine, at("c/x"), "", ZOO_PERSISTENT, NULL, 0));
  OK(zoo_delete(mine, at("c/x"), -1));
  return gone(at("c"));
}

static const char *ttls(void) {
  char name[256];
  struct Stat stat;
  const struct ACL_vector *acl = &ZOO_OPEN_ACL_UNSAFE;
  OK(zoo_create_ttl(mine, at("t"), "t", 1, acl, ZOO_PERSISTENT_WITH_TTL, 200, NULL, 0));
  OK(zoo_create2_ttl(mine, at("t-"), "", 0, acl, ZOO_PERSISTENT_SEQUENTIAL_WITH_TTL, 3600000, name, sizeof name, &stat));
  HOLDS(strlen(name) == strlen(base) + 13);
  EQUAL(stat.ephemeralOwner, 0);
  PASSES(gone(at("t")));
  OK(zoo_delete(mine, name, -1));
  return NULL;
}

static const char *refuses(void) {
  OK(make(mine, at("e"), "", ZOO_EPHEMERAL, NULL, 0));
  GIVES(make(mine, base, "", ZOO_PERSISTENT, NULL, 0), ZNODEEXISTS);
  GIVES(make(mine, at("no/where"), "", ZOO_PERSISTENT, NULL, 0), ZNONODE);
  GIVES(zoo_delete(mine, at("nope"), -1), ZNONODE);
  GIVES(zoo_delete(mine, base, -1), ZNOTEMPTY);
  GIVES(zoo_delete(mine, at("e"), 5), ZBADVERSION);
  GIVES(zoo_set(mine, base, "", 0, 5), ZBADVERSION);
  GIVES(zoo_exists(mine, at("nope"), 0, NULL), ZNONODE);
  return NULL;
}

static const char *sets(void) {
  struct Stat stat, seen;
  OK(zoo_set2(mine, base, "changed", 7, 0, &stat));
  EQUAL(stat.version, 1);
  EQUAL(stat.dataLength, 7);
  HOLDS(stat.mzxid > stat.czxid);
  OK(zoo_exists(other, base, 0, &seen));
  PASSES(same_stat(&stat, &seen));
  return NULL;
}

static const char *lists(void) {
  struct String_vector names;
  struct Stat stat;
  OK(make(mine, at("e"), "", ZOO_EPHEMERAL, NULL, 0));
  OK(make(mine, at("k"), "", ZOO_PERSISTENT, NULL, 0));
  OK(zoo_get_children2(other, base, 0, &names, &stat));
  EQUAL(names.count, 2);
  EQUAL(stat.numChildren, 2);
  bool is_right = strcmp(names.data[0], "e") == 0 ? strcmp(names.data[1], "k") == 0
                                                  : strcmp(names.data[0], "k") == 0 && strcmp(names.data[1], "e") == 0;
  deallocate_String_vector(&names);
  HOLDS(is_right);
  OK(zoo_get_children(other, at("k"), 0, &names));
  EQUAL(names.count, 0);
  deallocate_String_vector(&names);
  GIVES(zoo_get_children(other, at("nope"), 0, &names), ZNONODE);
  OK(zoo_delete(mine, at("k"), 0));
  return NULL;
}

static const char *keeps_large_data(void) {
  static char written[LARGE_BYTES], found[LARGE_BYTES];
  for (int i = 0; i < LARGE_BYTES; i++) written[i] = (char)(i * 31 + (i >> 8));
  OK(zoo_create(mine, at("grün-ключ"), written, LARGE_BYTES, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, NULL, 0));
  int length = LARGE_BYTES;
  OK(zoo_get(other, at("grün-ключ"), 0, found, &length, NULL));
  EQUAL(length, LARGE_BYTES);
  HOLDS(memcmp(written, found, LARGE_BYTES) == 0);
  return NULL;
}

static const char *config(void) {
  char data[256];
  int length = sizeof data;
  struct Stat stat;
  OK(zoo_getconfig(mine, 0, data, &length, &stat));
  GIVES(zoo_reconfig(mine, "server.9=127.0.0.1:1:2;3", NULL, NULL, -1, data, &length, &stat), ZRECONFIGDISABLED);
  return NULL;
}

/* ---- asynchronous calls ---- */

struct answer {
  int done;
  int rc;
  int64_t number;
  char text[256];
};

static void on_void(int rc, const void *context) {
  struct answer *answer = (struct answer *)context;
  answer->rc = rc;
  raise_counter(&answer->done);
}

static void on_string(int rc, const char *text, const void *context) {
  struct answer *answer = (struct answer *)context;
  snprintf(answer->text, sizeof answer->text, "%s", text == NULL ? "" : text);
  on_void(rc, context);
}

static void on_string_stat(int rc, const char *text, const struct Stat *stat, const void *context) {
  ((struct answer *)context)->number = stat == NULL ? -1 : stat->dataLength;
  on_string(rc, text, context);
}

static void on_stat(int rc, const struct Stat *stat, const void *context) {
  ((struct answer *)context)->number = stat == NULL ? -1 : stat->version;
  on_void(rc, context);
}

static void on_data(int rc, const char *data, int length, const struct Stat *stat, const void *context) {
  struct answer *answer = (struct answer *)context;
  answer->number = stat == NULL ? -1 : stat->version;
  snprintf(answer->text, sizeof answer->text, "%.*s", length > 0 ? length : 0, data == NULL ? "" : data);
  on_void(rc, context);
}

static void on_strings_stat(int rc, const struct String_vector *names, const struct Stat *stat, const void *context) {
  struct answer *answer = (struct answer *)context;
  answer->number = names == NULL || stat == NULL || names->count != stat->numChildren ? -1 : names->count;
  on_void(rc, context);
}

static void on_acl(int rc, struct ACL_vector *acl, struct Stat *stat, const void *context) {
  struct answer *answer = (struct answer *)context;
  answer->number = stat == NULL ? -1 : stat->aversion;
  if (acl != NULL && acl->count == 1)
    snprintf(answer->text, sizeof answer->text, "%s:%s:%d", acl->data[0].id.scheme, acl->data[0].id.id, acl->data[0].perms);
  on_void(rc, context);
}

#define ANSWERS(call, wanted)                          \
  do {                                                 \
    OK(call);                                          \
    HOLDS(reaches(&answer.done, 1));                   \
    GIVES(answer.rc, wanted);                          \
    answer.done = 0;                                   \
  } while (0)

static const char *asynchronous(void) {
  struct answer answer = {0};
  const struct ACL_vector *acl = &ZOO_OPEN_ACL_UNSAFE;
  ANSWERS(zoo_acreate(mine, at("a"), "one", 3, acl, ZOO_PERSISTENT, on_string, &answer), ZOK);
  SAME(answer.text, at("a"));
  ANSWERS(zoo_acreate(mine, at("a"), "one", 3, acl, ZOO_PERSISTENT, on_string, &answer), ZNODEEXISTS);
  ANSWERS(zoo_acreate2(mine, at("a/b"), "four", 4, acl, ZOO_EPHEMERAL, on_string_stat, &answer), ZOK);
  EQUAL(answer.number, 4);
  ANSWERS(zoo_acreate2_ttl(mine, at("a/t"), "", 0, acl, ZOO_PERSISTENT_WITH_TTL, 3600000, on_string_stat, &answer), ZOK);
  ANSWERS(zoo_aset(mine, at("a"), "three", 5, 0, on_stat, &answer), ZOK);
  EQUAL(answer.number, 1);
  ANSWERS(zoo_aget(other, at("a"), 0, on_data, &answer), ZOK);
  SAME(answer.text, "three");
  EQUAL(answer.number, 1);
  ANSWERS(zoo_aexists(other, at("a"), 0, on_stat, &answer), ZOK);
  ANSWERS(zoo_aexists(other, at("nope"), 0, on_stat, &answer), ZNONODE);
  ANSWERS(zoo_aget_children2(other, at("a"), 0, on_strings_stat, &answer), ZOK);
  EQUAL(answer.number, 2);
  ANSWERS(zoo_aget_acl(other, at("a"), on_acl, &answer), ZOK);
  SAME(answer.text, "world:anyone:31");
  ANSWERS(zoo_async(mine, at("a"), on_string, &answer), ZOK);
  SAME(answer.text, at("a"));
  ANSWERS(zoo_adelete(mine, at("a"), 7, on_void, &answer), ZBADVERSION);
  ANSWERS(zoo_adelete(mine, at("a/b"), -1, on_void, &answer), ZOK);
  ANSWERS(zoo_adelete(mine, at("a/t"), -1, on_void, &answer), ZOK);
  ANSWERS(zoo_adelete(mine, at("a"), -1, on_void, &answer), ZOK);
  return NULL;
}

struct order {
  int done;
  int bad;
  int rc;
};

static void on_ordered(int rc, const char *text, const void *context) {
  struct order *order = (struct order *)context;
  int number = text == NULL || strlen(text) < 10 ? -1 : atoi(text + strlen(text) - 10);
  if (rc != ZOK) order->rc = rc;
  if (number != order->done) order->bad += 1;
  raise_counter(&order->done);
}

static const char *pipelined(void) {
  struct order order = {0};
  OK(make(mine, at("many"), "", ZOO_PERSISTENT, NULL, 0));
  for (int i = 0; i < 1000; i++)
    OK(zoo_acreate(mine, at("many/n-"), "x", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_SEQUENTIAL, on_ordered, &order));
  HOLDS(reaches(&order.done, 1000));
  OK(order.rc);
  EQUAL(order.bad, 0);
  struct String_vector names;
  OK(zoo_get_children(other, at("many"), 0, &names));
  EQUAL(names.count, 1000);
  deallocate_String_vector(&names);
  return NULL;
}

/* ---- multi ---- */

static const char *multi_as_a_whole(void) {
  zoo_op_t operations[5];
  zoo_op_result_t results[5];
  char name[256], sequential[256];
  struct Stat stat, seen;
  const struct ACL_vector *acl = &ZOO_OPEN_ACL_UNSAFE;
  OK(make(mine, at("e"), "", ZOO_EPHEMERAL, NULL, 0));
  zoo_check_op_init(&operations[0], base, 0);
  zoo_create_op_init(&operations[1], at("m"), "1", 1, acl, ZOO_PERSISTENT, name, sizeof name);
  zoo_create_op_init(&operations[2], at("m-"), NULL, -1, acl, ZOO_PERSISTENT_SEQUENTIAL, sequential, sizeof sequential);
  zoo_set_op_init(&operations[3], at("m"), "22", 2, 0, &stat);
  zoo_delete_op_init(&operations[4], at("e"), 0);
  OK(zoo_multi(mine, 5, operations, results));
  for (int i = 0; i < 5; i++) EQUAL(results[i].err, ZOK);
  SAME(name, at("m"));
  EQUAL(strlen(sequential), strlen(base) + 13);
  OK(zoo_exists(other, at("m"), 0, &seen));
  PASSES(same_stat(&stat, &seen));
  GIVES(zoo_exists(other, at("e"), 0, NULL), ZNONODE);
  OK(zoo_delete(mine, sequential, 0));
  return NULL;
}

static const char *multi_fails(void) {
  zoo_op_t operations[3];
  zoo_op_result_t results[3];
  char name[256];
  OK(make(mine, at("m"), "", ZOO_PERSISTENT, NULL, 0));
  zoo_create_op_init(&operations[0], at("never"), "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, name, sizeof name);
  zoo_check_op_init(&operations[1], at("m"), 77);
  zoo_delete_op_init(&operations[2], at("m"), -1);
  GIVES(zoo_multi(mine, 3, operations, results), ZBADVERSION);
  EQUAL(results[0].err, ZOK);
  EQUAL(results[1].err, ZBADVERSION);
  EQUAL(results[2].err, ZRUNTIMEINCONSISTENCY);
  GIVES(zoo_exists(other, at("never"), 0, NULL), ZNONODE);
  OK(zoo_exists(other, at("m"), 0, NULL));
  return NULL;
}

static const char *multi_asynchronous(void) {
  zoo_op_t operations[2];
  zoo_op_result_t results[2];
  struct answer answer = {0};
  struct Stat stat;
  OK(make(mine, at("m"), "", ZOO_PERSISTENT, NULL, 0));
  zoo_set_op_init(&operations[0], at("m"), "333", 3, 0, &stat);
  zoo_check_op_init(&operations[1], at("m"), 1);
  ANSWERS(zoo_amulti(mine, 2, operations, results, on_void, &answer), ZOK);
  EQUAL(stat.dataLength, 3);
  return NULL;
}

/* ---- access ---- */

static const char *reads_acls(void) {
  struct ACL_vector acl;
  struct Stat stat;
  OK(zoo_get_acl(other, base, &acl, &stat));
  EQUAL(acl.count, 1);
  EQUAL(acl.data[0].perms, ZOO_PERM_ALL);
  SAME(acl.data[0].id.scheme, "world");
  SAME(acl.data[0].id.id, "anyone");
  deallocate_ACL_vector(&acl);
  EQUAL(stat.aversion, 0);
  return NULL;
}

/* Authenticates, and makes a znode that nobody else may touch. */
static const char *owns_a_znode(void) {
  struct answer answer = {0};
  ANSWERS(zoo_add_auth(mine, "digest", "me:secret", 9, on_void, &answer), ZOK);
  OK(zoo_create(mine, at("mine"), "m", 1, &ZOO_CREATOR_ALL_ACL, ZOO_PERSISTENT, NULL, 0));
  return NULL;
}

static const char *authenticates(void) {
  GIVES(zoo_create(mine, at("mine"), "m", 1, &ZOO_CREATOR_ALL_ACL, ZOO_PERSISTENT, NULL, 0), ZINVALIDACL);
  PASSES(owns_a_znode());
  char data[16];
  int length = sizeof data;
  GIVES(zoo_get(other, at("mine"), 0, data, &length, NULL), ZNOAUTH);
  length = sizeof data;
  OK(zoo_get(mine, at("mine"), 0, data, &length, NULL));
  EQUAL(length, 1);
  struct ACL_vector acl;
  OK(zoo_get_acl(mine, at("mine"), &acl, NULL));
  EQUAL(acl.count, 1);
  SAME(acl.data[0].id.scheme, "digest");
  HOLDS(strncmp(acl.data[0].id.id, "me:", 3) == 0);
  deallocate_ACL_vector(&acl);
  return NULL;
}

static const char *sets_acls(void) {
  struct ACL entries[] = {{ZOO_PERM_READ, {"world", "anyone"}}, {ZOO_PERM_ADMIN | ZOO_PERM_READ, {"auth", ""}}};
  struct ACL_vector wanted = {2, entries}, acl;
  struct Stat stat;
  PASSES(owns_a_znode());
  OK(zoo_set_acl(mine, at("mine"), 0, &wanted));
  GIVES(zoo_set_acl(mine, at("mine"), 0, &wanted), ZBADVERSION);
  OK(zoo_get_acl(mine, at("mine"), &acl, &stat));
  EQUAL(acl.count, 2);
  deallocate_ACL_vector(&acl);
  EQUAL(stat.aversion, 1);
  OK(zoo_exists(other, at("mine"), 0, NULL));
  GIVES(zoo_set(other, at("mine"), "x", 1, -1), ZNOAUTH);
  GIVES(zoo_set_acl(other, at("mine"), -1, &ZOO_OPEN_ACL_UNSAFE), ZNOAUTH);
  struct ACL unknown[] = {{ZOO_PERM_ALL, {"nosuch", "x"}}};
  struct ACL_vector bad = {1, unknown};
  GIVES(zoo_set_acl(mine, at("mine"), -1, &bad), ZINVALIDACL);
  struct answer answer = {0};
  ANSWERS(zoo_aset_acl(mine, at("mine"), 1, &ZOO_CREATOR_ALL_ACL, on_void, &answer), ZOK);
  return NULL;
}

static const char *authenticates_again(void) {
  PASSES(owns_a_znode());
  PASSES(reconnect());
  char data[16];
  int length = sizeof data;
  OK(zoo_get(mine, at("mine"), 0, data, &length, NULL));
  return NULL;
}

static const char *fails_to_authenticate(void) {
  struct session session = {0};
  struct answer answer = {0};
  zhandle_t *zh;
  PASSES(open_session(&zh, address, 4000, NULL, &session));
  ANSWERS(zoo_add_auth(zh, "nosuch", "x", 1, on_void, &answer), ZAUTHFAILED);
  HOLDS(reaches(&session.auth_failed, 1));
  zookeeper_close(zh);
  return NULL;
}

/* ---- watches ---- */

static const char *data_watches(void) {
  struct heard changes = {0}, deletion = {0};
  char data[16];
  int length = sizeof data;
  OK(make(mine, at("w"), "", ZOO_PERSISTENT, NULL, 0));
  OK(zoo_wget(mine, at("w"), on_watch, &changes, data, &length, NULL));
  OK(zoo_set(other, at("w"), "1", 1, -1));
  OK(zoo_set(other, at("w"), "2", 1, -1));
  PASSES(fires(&changes, ZOO_CHANGED_EVENT, at("w")));
  length = sizeof data;
  OK(zoo_wget(mine, at("w"), on_watch, &deletion, data, &length, NULL));
  OK(zoo_delete(other, at("w"), -1));
  PASSES(fires(&deletion, ZOO_DELETED_EVENT, at("w")));
  EQUAL(changes.count, 1);
  return NULL;
}

static const char *exists_watches(void) {
  struct heard creation = {0}, deletion = {0};
  GIVES(zoo_wexists(mine, at("later"), on_watch, &creation, NULL), ZNONODE);
  OK(make(other, at("later"), "", ZOO_PERSISTENT, NULL, 0));
  PASSES(fires(&creation, ZOO_CREATED_EVENT, at("later")));
  OK(zoo_wexists(mine, at("later"), on_watch, &deletion, NULL));
  OK(zoo_delete(other, at("later"), -1));
  PASSES(fires(&deletion, ZOO_DELETED_EVENT, at("later")));
  return NULL;
}

static const char *child_watches(void) {
  struct heard added = {0}, deletion = {0};
  struct String_vector names;
  OK(make(mine, at("p"), "", ZOO_PERSISTENT, NULL, 0));
  OK(zoo_wget_children(mine, at("p"), on_watch, &added, &names));
  deallocate_String_vector(&names);
  OK(make(other, at("p/x"), "", ZOO_PERSISTENT, NULL, 0));
  PASSES(fires(&added, ZOO_CHILD_EVENT, at("p")));
  OK(zoo_delete(other, at("p/x"), -1));
  struct Stat stat;
  OK(zoo_wget_children2(mine, at("p"), on_watch, &deletion, &names, &stat));
  deallocate_String_vector(&names);
  OK(zoo_delete(other, at("p"), -1));
  PASSES(fires(&deletion, ZOO_DELETED_EVENT, at("p")));
  return NULL;
}

static const char *removed_watches(void) {
  struct heard removed = {0}, kept = {0};
  OK(make(mine, at("m"), "", ZOO_PERSISTENT, NULL, 0));
  OK(zoo_wexists(mine, at("m"), on_watch, &removed, NULL));
  OK(zoo_remove_watches(mine, at("m"), ZWATCHTYPE_DATA, on_watch, &removed, 0));
  GIVES(zoo_remove_watches(mine, at("m"), ZWATCHTYPE_DATA, on_watch, &removed, 0), ZNOWATCHER);
  OK(zoo_wexists(mine, at("m"), on_watch, &kept, NULL));
  OK(zoo_set(other, at("m"), "w", 1, -1));
  PASSES(fires(&kept, ZOO_CHANGED_EVENT, at("m")));
  EQUAL(removed.count, 0);
  OK(zoo_wexists(mine, at("m"), on_watch, &removed, NULL));
  OK(zoo_remove_all_watches(mine, at("m"), ZWATCHTYPE_ANY, 0));
  GIVES(zoo_remove_all_watches(mine, at("m"), ZWATCHTYPE_ANY, 0), ZNOWATCHER);
  return NULL;
}

static const char *watches_are_kept(void) {
  struct heard changes = {0}, creation = {0}, children = {0};
  struct String_vector names;
  OK(make(mine, at("m"), "", ZOO_PERSISTENT, NULL, 0));
  OK(zoo_wexists(mine, at("m"), on_watch, &changes, NULL));
  GIVES(zoo_wexists(mine, at("m2"), on_watch, &creation, NULL), ZNONODE);
  OK(zoo_wget_children(mine, base, on_watch, &children, &names));
  deallocate_String_vector(&names);
  PASSES(reconnect());
  OK(zoo_set(other, at("m"), "again", 5, -1));
  OK(make(other, at("m2"), "", ZOO_PERSISTENT, NULL, 0));
  PASSES(fires(&changes, ZOO_CHANGED_EVENT, at("m")));
  PASSES(fires(&creation, ZOO_CREATED_EVENT, at("m2")));
  PASSES(fires(&children, ZOO_CHILD_EVENT, base));
  return NULL;
}

/* ---- sessions ---- */

static const char *session_is_kept(void) {
  struct Stat stat;
  int64_t before = zoo_client_id(mine)->client_id;
  OK(make(mine, at("e2"), "", ZOO_EPHEMERAL, NULL, 0));
  PASSES(reconnect());
  EQUAL(zoo_client_id(mine)->client_id, before);
  OK(zoo_exists(mine, at("e2"), 0, &stat));
  EQUAL(stat.ephemeralOwner, before);
  return NULL;
}

static const char *close_removes(void) {
  struct heard deletion = {0};
  struct session session = {0};
  zhandle_t *zh;
  PASSES(open_session(&zh, address, 10000, NULL, &session));
  OK(make(zh, at("short"), "", ZOO_EPHEMERAL, NULL, 0));
  OK(zoo_wexists(other, at("short"), on_watch, &deletion, NULL));
  OK(zookeeper_close(zh));
  return fires(&deletion, ZOO_DELETED_EVENT, at("short"));
}

/* Lets another process make the ephemeral and die; tells that process's session. */
static const char *abandoned(const char *path, int timeout_ms, clientid_t *id) {
  char command[1024], line[256] = "";
  snprintf(command, sizeof command, "'%s' '%s' hold '%s' %d", self, address, path, timeout_ms);
  FILE *child = popen(command, "r");
  HOLDS(child != NULL);
  char *got = fgets(line, sizeof line, child);
  int status = pclose(child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_INTERRUPTED) is_interrupted = true;
  char *rest = line;
  id->client_id = got == NULL ? 0 : (int64_t)strtoull(line, &rest, 16);
  if (id->client_id == 0) return wrong("the other process said %s", line);
  for (int i = 0; i < 16; i++) id->passwd[i] = (char)strtol(rest + 1 + i * 3, NULL, 16);
  return NULL;
}

static const char *reattaches(void) {
  struct session session = {0};
  struct Stat stat;
  clientid_t id;
  PASSES(abandoned(at("held"), 20000, &id));
  zhandle_t *zh;
  PASSES(open_session(&zh, address, 20000, &id, &session));
  EQUAL(zoo_client_id(zh)->client_id, id.client_id);
  OK(zoo_exists(zh, at("held"), 0, &stat));
  EQUAL(stat.ephemeralOwner, id.client_id);
  OK(zookeeper_close(zh));
  GIVES(zoo_exists(other, at("held"), 0, NULL), ZNONODE);
  return NULL;
}

static const char *wants_the_password(void) {
  struct session session = {0};
  clientid_t id = *zoo_client_id(other);
  id.passwd[3] ^= 1;
  int before = other_session.connected;
  zhandle_t *zh = zookeeper_init(address, on_session, 4000, &id, &session, 0);
  HOLDS(reaches(&session.expired, 1));
  EQUAL(session.connected, 0);
  zookeeper_close(zh);
  /* Whoever names a session ends its connection, password or not; the owner comes back. */
  wanted_losses += 1;
  HOLDS(reaches(&other_session.connected, before + 1));
  OK(zoo_exists(other, base, 0, NULL));
  return NULL;
}

static const char *expires(void) {
  struct session session = {0};
  clientid_t id;
  PASSES(abandoned(at("lost"), 6000, &id));
  PASSES(gone(at("lost")));
  zhandle_t *zh = zookeeper_init(address, on_session, 4000, &id, &session, 0);
  HOLDS(reaches(&session.expired, 1));
  EQUAL(zoo_state(zh), ZOO_EXPIRED_SESSION_STATE);
  zookeeper_close(zh);
  return NULL;
}

static const char *pings(void) {
  struct session session = {0};
  zhandle_t *zh;
  PASSES(open_session(&zh, address, 6000, NULL, &session));
  OK(make(zh, at("idle"), "", ZOO_EPHEMERAL, NULL, 0));
  pause_ms(13000);
  OK(zoo_exists(other, at("idle"), 0, NULL));
  zookeeper_close(zh);
  return NULL;
}

static const char *chroots(void) {
  struct heard changes = {0};
  struct session session = {0};
  char where[256], name[256], data[16];
  int length = sizeof data;
  snprintf(where, sizeof where, "%s%s", address, base);
  zhandle_t *zh;
  PASSES(open_session(&zh, where, 10000, NULL, &session));
  OK(make(zh, "/inner", "i", ZOO_PERSISTENT, name, sizeof name));
  SAME(name, "/inner");
  OK(zoo_wget(zh, "/inner", on_watch, &changes, data, &length, NULL));
  OK(zoo_set(other, at("inner"), "j", 1, 0));
  PASSES(fires(&changes, ZOO_CHANGED_EVENT, "/inner"));
  zookeeper_close(zh);
  return NULL;
}

static const struct check {
  const char *sentence;
  body_t body;
} checks[] = {
    {"has a session", has_session},
    {"creates a persistent znode", creates},
    {"reads data and every field of the Stat", reads},
    {"keeps no data and empty data apart", keeps_no_data_apart},
    {"sequential znodes count upwards", sequences},
    {"an ephemeral belongs to its session and has no children", ephemerals},
    {"a create can answer with the Stat", creates_with_stat},
    {"a container goes with its last child", containers},
    {"a TTL znode goes when nobody touches it", ttls},
    {"says why something is refused", refuses},
    {"sets data with the right version", sets},
    {"lists children with the Stat of the parent", lists},
    {"keeps half a megabyte under a non-ASCII name", keeps_large_data},
    {"reads the configuration, and refuses to change it", config},
    {"asynchronous calls are answered", asynchronous},
    {"a thousand pipelined requests are answered in order", pipelined},
    {"a multi happens as a whole", multi_as_a_whole},
    {"a multi fails as a whole and says which part", multi_fails},
    {"a multi can be asynchronous", multi_asynchronous},
    {"the ACL is what was given", reads_acls},
    {"an ACL for its creator keeps others out", authenticates},
    {"sets ACLs with their version", sets_acls},
    {"authenticates again on a new connection", authenticates_again},
    {"a failed authentication is told", fails_to_authenticate},
    {"data watches hear of a change, once, and of deletion", data_watches},
    {"exists watches hear of creation and deletion", exists_watches},
    {"child watches hear of children and of deletion", child_watches},
    {"a removed watch hears nothing", removed_watches},
    {"watches are kept over a new connection", watches_are_kept},
    {"the session and its ephemerals are kept over a new connection", session_is_kept},
    {"ephemerals go when their session is closed", close_removes},
    {"another process takes a session over with its id and password", reattaches},
    {"a wrong password is refused", wants_the_password},
    {"an abandoned session expires with its ephemerals", expires},
    {"an idle session is kept alive by pings", pings},
    {"works below a chroot", chroots},
};

static int hold(const char *path, int timeout_ms) {
  static struct session session;
  zhandle_t *zh;
  const char *found = open_session(&zh, address, timeout_ms, NULL, &session);
  if (found == NULL) {
    int rc = make(zh, path, "", ZOO_EPHEMERAL, NULL, 0);
    if (rc != ZOK) found = refused("create", rc, ZOK);
  }
  if (found != NULL) {
    printf("%s\n", found);
    return is_interrupted ? EXIT_INTERRUPTED : 1;
  }
  const clientid_t *id = zoo_client_id(zh);
  printf("%" PRIx64, (uint64_t)id->client_id);
  for (int i = 0; i < 16; i++) printf(" %02x", (unsigned char)id->passwd[i]);
  printf("\n");
  fflush(stdout);
  raise(SIGKILL);
  return 1;
}

/* ---- attempts ---- */

struct verdict {
  bool passed;
  bool interrupted;
  char problem[sizeof problem];
};

/* A check with two sessions and a folder of its own. */
static const char *attempt(body_t body) {
  PASSES(open_session(&other, address, 10000, NULL, &other_session));
  PASSES(open_session(&mine, address, 10000, NULL, &mine_session));
  OK(make(mine, base, "root", ZOO_PERSISTENT, NULL, 0));
  PASSES(body());
  OK(zookeeper_close(mine));
  OK(zookeeper_close(other));
  return NULL;
}

/* A session that lasts until all checks are over and the gate is closed, whatever becomes of the servers meanwhile. */
static const char *outlasts(int gate) {
  char nothing;
  struct Stat stat;
  int rc;
  PASSES(open_session(&mine, address, 20000, NULL, &mine_session));
  int64_t id = zoo_client_id(mine)->client_id;
  OK(make(mine, base, "", ZOO_EPHEMERAL, NULL, 0));
  HOLDS(read(gate, &nothing, 1) == 0);
  for (int tries = 0; is_interruption(rc = zoo_exists(mine, base, 0, &stat)) && tries < PATIENCE_MS / 50; tries++)
    pause_ms(50);
  OK(rc);
  EQUAL(stat.ephemeralOwner, id);
  EQUAL(zoo_client_id(mine)->client_id, id);
  OK(zookeeper_close(mine));
  return NULL;
}

/* Starts a process for it, which gives its verdict when the gate is closed. */
static pid_t start_lasting(int *gate, struct verdict *verdict) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  *gate = ends[1];
  *verdict = (struct verdict){.problem = "the process ended early"};
  pid_t child = fork();
  if (child != 0) return child;
  close(ends[1]);
  snprintf(base, sizeof base, "/c-%d", (int)getpid());
  const char *found = outlasts(ends[0]);
  verdict->passed = found == NULL;
  if (found != NULL) snprintf(verdict->problem, sizeof verdict->problem, "%s", found);
  _exit(0);
}

/* Runs in a process that ends with the attempt: nothing that a check leaves behind reaches the next one. */
static void judge(body_t body, struct verdict *verdict) {
  snprintf(base, sizeof base, "/c-%d", (int)getpid());
  const char *found = attempt(body);
  verdict->passed = found == NULL;
  if (found == NULL) return;
  snprintf(verdict->problem, sizeof verdict->problem, "%s", found);
  /* The library tells of a lost connection behind the answers that it cost. */
  reaches_within(&losses, wanted_losses + 1, 200);
  verdict->interrupted = is_interrupted || losses > wanted_losses;
}

/* Tries a check once, or again where it was interrupted and more attempts are allowed. */
static void run(const struct check *check, int attempts, struct verdict *verdict) {
  for (int number = 1;; number++) {
    *verdict = (struct verdict){.problem = "the process ended early"};
    pid_t child = fork();
    if (child == 0) {
      judge(check->body, verdict);
      _exit(0);
    }
    waitpid(child, NULL, 0);
    if (verdict->passed) {
      printf("ok %s\n", check->sentence);
      return;
    }
    bool is_last = number >= attempts || !verdict->interrupted;
    printf("%s %s: %s\n", is_last ? "not ok" : "again", check->sentence, verdict->problem);
    if (is_last) return;
    sleep(3);
  }
}

int main(int count, char **args) {
  if (count < 2 || strchr(args[1], ':') == NULL) {
    fprintf(stderr, "usage: peer HOST:PORT\n");
    return 2;
  }
  self = args[0];
  address = args[1];
  setvbuf(stdout, NULL, _IOLBF, 0);
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  if (count == 5 && strcmp(args[2], "hold") == 0) return hold(args[3], atoi(args[4]));
  const char *attempts = getenv("ZK_INTEROP_ATTEMPTS");
  struct verdict *verdicts =
      mmap(NULL, 2 * sizeof *verdicts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (verdicts == MAP_FAILED) return 1;
  int gate;
  pid_t lasting = start_lasting(&gate, &verdicts[0]);
  if (lasting < 0) return 1;
  for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
    run(&checks[i], attempts == NULL ? 1 : atoi(attempts), &verdicts[1]);
  close(gate);
  waitpid(lasting, NULL, 0);
  if (verdicts[0].passed)
    printf("ok a session lasts through all of this\n");
  else
    printf("not ok a session lasts through all of this: %s\n", verdicts[0].problem);
  printf("done\n");
  return 0;
}
