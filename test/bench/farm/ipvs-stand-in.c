/*
 * A stand-in for ip_vs where the kernel has none, for keepalived: preloaded, it says yes to whatever is put into the
 * table of virtual services, and writes each change of a weight to the file IPVS_CHANGES: microseconds since 1970,
 * address, weight. For test/bench/checks.ts: what is measured are the checks, not the table.
 *
 * Numbers and layouts: include/uapi/linux/ip_vs.h.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void tell(const struct ip_vs_dest_user *dest, int weight) {
  static int file = -1;
  if (file < 0) file = open(getenv("IPVS_CHANGES"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  char address[INET_ADDRSTRLEN], line[96];
  inet_ntop(AF_INET, &dest->addr, address, sizeof address);
  int length = snprintf(line, sizeof line, "%lld %s %d\n", now.tv_sec * 1000000LL + now.tv_nsec / 1000, address, weight);
  if (write(file, line, length) != length) abort();
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  static int (*real)(int, int, int, const void *, socklen_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "setsockopt");
  if (level != IPPROTO_IP || name <= IP_VS_BASE_CTL || name > IP_VS_SO_SET_MAX) return real(fd, level, name, value, length);
  const struct ip_vs_dest_user *dest = (const void *)((const char *)value + sizeof(struct ip_vs_service_user));
  if (name == IP_VS_SO_SET_ADDDEST || name == IP_VS_SO_SET_EDITDEST) tell(dest, dest->weight);
  if (name == IP_VS_SO_SET_DELDEST) tell(dest, 0);
  return 0;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
  static int (*real)(int, int, int, void *, socklen_t *);
  if (real == NULL) real = dlsym(RTLD_NEXT, "getsockopt");
  if (level != IPPROTO_IP || name < IP_VS_BASE_CTL || name > IP_VS_SO_GET_MAX) return real(fd, level, name, value, length);
  memset(value, 0, *length);
  if (name == IP_VS_SO_GET_INFO) *(struct ip_vs_getinfo *)value = (struct ip_vs_getinfo){.version = 0x010201, .size = 4096};
  return 0;
}
