/*
 * A stand-in for ipvsadm where the kernel has no ip_vs, for the original ldirectord: keeps a table of virtual services in
 * the file IPVS_TABLE and writes each change of a weight to the file IPVS_CHANGES: microseconds since 1970, address,
 * weight. Takes the calls that ldirectord makes (section 17.1 of the contract), one service or real server each.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 20000, WIDTH = 48 };
struct entry {
  char service[WIDTH], real[WIDTH], scheduler[8];
  int weight;
};
static struct entry table[MOST];
static int entries;

static int find(const char *service, const char *real) {
  for (int i = 0; i < entries; i++)
    if (strcmp(table[i].service, service) == 0 && strcmp(table[i].real, real) == 0) return i;
  return -1;
}

static void drop(const char *service, const char *real) {
  int kept = 0;
  for (int i = 0; i < entries; i++)
    if (strcmp(table[i].service, service) != 0 || (*real != 0 && strcmp(table[i].real, real) != 0)) table[kept++] = table[i];
  entries = kept;
}

static void tell(const char *real, int weight) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  FILE *changes = fopen(getenv("IPVS_CHANGES"), "a");
  if (changes == NULL) exit(1);
  fprintf(changes, "%lld %.*s %d\n", now.tv_sec * 1000000LL + now.tv_nsec / 1000, (int)strcspn(real, ":"), real, weight);
  fclose(changes);
}

static void list(int thresholds) {
  printf("IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n");
  printf(thresholds ? "  -> RemoteAddress:Port            Uthreshold Lthreshold ActiveConn InActConn\n"
                    : "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n");
  for (int i = 0; i < entries; i++) {
    if (*table[i].real == 0) printf("TCP  %s %s\n", table[i].service, table[i].scheduler);
    else if (thresholds) printf("  -> %-28s 0          0          0          0\n", table[i].real);
    else printf("  -> %-28s Masq    %-6d 0          0\n", table[i].real, table[i].weight);
  }
}

static void insert(const char *service, const char *real, const char *scheduler, int weight) {
  int at = find(service, real);
  if (at < 0) {
    if (entries == MOST) exit(1);
    // Real servers stand behind their service.
    for (at = entries; at > 0 && *real != 0 && strcmp(table[at - 1].service, service) != 0;) at--;
    memmove(&table[at + 1], &table[at], (entries - at) * sizeof *table);
    entries++;
  }
  snprintf(table[at].service, WIDTH, "%s", service);
  snprintf(table[at].real, WIDTH, "%s", real);
  snprintf(table[at].scheduler, sizeof table[at].scheduler, "%s", scheduler);
  table[at].weight = weight;
  if (*real != 0) tell(real, weight);
}

int main(int argc, char **argv) {
  const char *service = "", *real = "", *scheduler = "wlc";
  int weight = 1, verb = 0, thresholds = 0;
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i], *next = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(word, "--thresholds") == 0) thresholds = 1;
    else if (strchr("AEaedDL", word[1]) != NULL && word[2] == 0) verb = word[1];
    else if (strcmp(word, "-t") == 0) service = next;
    else if (strcmp(word, "-r") == 0) real = next;
    else if (strcmp(word, "-s") == 0) scheduler = next;
    else if (strcmp(word, "-w") == 0) weight = atoi(next);
  }
  int file = open(getenv("IPVS_TABLE"), O_RDWR | O_CREAT, 0644);
  if (file < 0 || flock(file, LOCK_EX) != 0) return perror("IPVS_TABLE"), 1;
  entries = read(file, table, sizeof table) / (ssize_t)sizeof *table;
  if (verb == 'L') return list(thresholds), 0;
  if (verb == 'd' && find(service, real) >= 0) tell(real, 0);
  if (verb == 'd' || verb == 'D') drop(service, real);
  else insert(service, real, scheduler, weight);
  ssize_t size = entries * (ssize_t)sizeof *table;
  return pwrite(file, table, size, 0) == size && ftruncate(file, size) == 0 ? 0 : 1;
}
