/*
 * flood ADDRESS PORT PER_SECOND COUNT FILE: sends so many bad heartbeats, so many a second or as fast as the machine can. FILE
 * has one datagram after another, each behind its length (two bytes, big-endian). Prints how many seconds it took.
 *
 * A batch to a system call: a process of JavaScript with a call for each reaches half of 100,000 a second.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define DATAGRAMS 4096
#define BATCH 100

static uint8_t file[1 << 20];
static struct iovec datagram[DATAGRAMS];

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static size_t load(const char *path) {
  FILE *in = fopen(path, "rb");
  if (in == NULL) return perror(path), 0;
  size_t size = fread(file, 1, sizeof file, in), count = 0;
  fclose(in);
  for (size_t at = 0; at + 2 <= size && count < DATAGRAMS; count++) {
    size_t length = file[at] << 8 | file[at + 1];
    if (at + 2 + length > size) break;
    datagram[count] = (struct iovec){file + at + 2, length};
    at += 2 + length;
  }
  return count;
}

int main(int argc, char **argv) {
  if (argc != 6) return 64;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) return 64;
  double per_second = atof(argv[3]);
  uint64_t wanted = strtoull(argv[4], NULL, 10), sent = 0;
  size_t count = load(argv[5]);
  if (count == 0) return fprintf(stderr, "%s: no datagram\n", argv[5]), 1;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) return perror("socket"), 1;
  struct mmsghdr batch[BATCH] = {0};
  double began = seconds();
  while (sent < wanted) {
    if (sent + BATCH > (seconds() - began) * per_second) {
      nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
      continue;
    }
    for (int index = 0; index < BATCH; index++) {
      batch[index].msg_hdr.msg_iov = &datagram[(sent + index) % count];
      batch[index].msg_hdr.msg_iovlen = 1;
    }
    int taken = sendmmsg(fd, batch, BATCH, 0);
    if (taken > 0) sent += taken; // an ICMP error of the one before: the next call sends
  }
  printf("%.2f\n", seconds() - began);
  return 0;
}
