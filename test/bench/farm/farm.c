/*
 * A farm of real servers in one process: answers every HTTP request on one port, whatever address it came to.
 *
 * farm PORT COUNTERS: the file COUNTERS has 64-bit integers in memory order: the number of connections answered so far,
 * then for each of 65,536 addresses, by its last two bytes, when it was asked last, then its longest gap, in microseconds
 * of CLOCK_MONOTONIC; the first place of both is that of any address. For test/bench/checks.ts, which gives it thousands
 * of local addresses; cheap, so that the bench measures the one who asks.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nOK\n";

#define ADDRESSES 65536

static struct counters {
  uint64_t answered, last[ADDRESSES], longest[ADDRESSES];
} *counters;

static void asked(unsigned index, uint64_t now) {
  uint64_t gap = now - counters->last[index];
  if (counters->last[index] != 0 && gap > counters->longest[index]) counters->longest[index] = gap;
  counters->last[index] = now;
}

static void answered(int fd) {
  struct sockaddr_in own;
  socklen_t size = sizeof own;
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  uint64_t now = time.tv_sec * 1000000ull + time.tv_nsec / 1000;
  counters->answered++;
  asked(0, now);
  if (getsockname(fd, (struct sockaddr *)&own, &size) == 0) asked(ntohl(own.sin_addr.s_addr) % ADDRESSES, now);
}

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  int file = open(argv[2], O_RDWR | O_CREAT, 0644);
  if (file < 0 || ftruncate(file, sizeof *counters) != 0) return perror(argv[2]), 1;
  counters = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (counters == MAP_FAILED) return perror("mmap"), 1;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  if (bind(listener, (struct sockaddr *)&any, sizeof any) != 0 || listen(listener, 65535) != 0)
    return perror("listen"), 1;
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[512];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int ready = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        for (int client; (client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
          event = (struct epoll_event){.events = EPOLLIN, .data.fd = client};
          epoll_ctl(epoll, EPOLL_CTL_ADD, client, &event);
        }
        continue;
      }
      char request[4096];
      if (read(fd, request, sizeof request) > 0 && write(fd, answer, sizeof answer - 1) > 0) answered(fd);
      close(fd);
    }
  }
}
