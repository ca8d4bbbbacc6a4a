/*
 * Makes conntrack entries come, change and go at a given pace, in this network namespace: the events that a busy
 * director has, at the price of a netlink request each, which is less than that of a packet.
 *
 *   churn fill COUNT                 COUNT established TCP flows, 40,000 in a second
 *   churn run RATE SECONDS FIRST [LAG]
 *                                    RATE events a second: every flow is born, becomes established LAG flows later,
 *                                    ends as many later again
 *
 * Prints one line: requests made, refused, nanoseconds it took.
 */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, REQUEST = 256, FILL_RATE = 40000, SYN_SENT = 1, ESTABLISHED = 3 };
enum { CONFIRMED = 8, ASSURED = 4, SEEN_REPLY = 2 };

static uint8_t batch[BATCH * REQUEST];
static size_t used;
static int waiting, kernel;
static uint64_t made, refused;
static uint32_t lag = 4000;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Without acknowledgements only refusals come back. */
static void flush(void)
{
	uint8_t answers[65536];
	ssize_t got;

	if (used == 0)
		return;
	if (send(kernel, batch, used, 0) < 0)
		perror("send");
	made += (uint64_t)waiting;
	used = 0;
	waiting = 0;
	while ((got = recv(kernel, answers, sizeof answers, MSG_DONTWAIT)) > 0)
		for (struct nlmsghdr *answer = (void *)answers; NLMSG_OK(answer, got); answer = NLMSG_NEXT(answer, got))
			refused++;
}

static void *put(uint16_t type, const void *value, size_t size)
{
	struct nlattr *attribute = (void *)(batch + used);

	attribute->nla_type = type;
	attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
	if (value != NULL)
		memcpy(attribute + 1, value, size);
	used += NLA_ALIGN(NLA_HDRLEN + size);
	return attribute;
}

static void put32(uint16_t type, uint32_t value)
{
	value = htonl(value);
	put(type, &value, 4);
}

static struct nlattr *open_nest(uint16_t type)
{
	return put(type | NLA_F_NESTED, NULL, 0);
}

static void close_nest(struct nlattr *nest)
{
	nest->nla_len = (uint16_t)(batch + used - (uint8_t *)nest);
}

static void put_tuple(uint16_t type, uint32_t from, uint32_t to, uint16_t port, uint16_t to_port)
{
	struct nlattr *tuple = open_nest(type), *part = open_nest(CTA_TUPLE_IP);
	uint8_t tcp = 6;

	put32(CTA_IP_V4_SRC, from);
	put32(CTA_IP_V4_DST, to);
	close_nest(part);
	part = open_nest(CTA_TUPLE_PROTO);
	put(CTA_PROTO_NUM, &tcp, 1);
	port = htons(port);
	to_port = htons(to_port);
	put(CTA_PROTO_SRC_PORT, &port, 2);
	put(CTA_PROTO_DST_PORT, &to_port, 2);
	close_nest(part);
	close_nest(tuple);
}

/* The flow of this number: 50000 ports at each of many clients. */
static void tuples(uint32_t flow, int both)
{
	uint32_t client = 0x0a400001 + flow / 50000, server = 0x0ac80001;
	uint16_t port = (uint16_t)(10000 + flow % 50000);

	put_tuple(CTA_TUPLE_ORIG, client, server, port, 80);
	if (both)
		put_tuple(CTA_TUPLE_REPLY, server, client, 80, port);
}

static void request(uint16_t message, uint16_t flags, uint32_t flow, uint8_t state)
{
	size_t start = used;
	struct nlmsghdr *header = (void *)(batch + used);
	struct nfgenmsg *family = (void *)(header + 1);

	memset(header, 0, NLMSG_HDRLEN + sizeof *family);
	header->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | message);
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	family->nfgen_family = AF_INET;
	used += NLMSG_HDRLEN + sizeof *family;
	tuples(flow, message == IPCTNL_MSG_CT_NEW);
	if (message == IPCTNL_MSG_CT_NEW) {
		struct nlattr *info, *tcp;

		put32(CTA_STATUS, CONFIRMED | (state == ESTABLISHED ? ASSURED | SEEN_REPLY : 0));
		put32(CTA_TIMEOUT, state == ESTABLISHED ? 432000 : 120);
		info = open_nest(CTA_PROTOINFO);
		tcp = open_nest(CTA_PROTOINFO_TCP);
		put(CTA_PROTOINFO_TCP_STATE, &state, 1);
		close_nest(tcp);
		close_nest(info);
	}
	header = (void *)(batch + start);
	header->nlmsg_len = (uint32_t)(used - start);
	if (++waiting == BATCH)
		flush();
}

static void step(uint32_t number, uint32_t first, uint32_t flows)
{
	if (number < flows)
		request(IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL, first + number, SYN_SENT);
	if (number >= lag && number - lag < flows)
		request(IPCTNL_MSG_CT_NEW, 0, first + number - lag, ESTABLISHED);
	if (number >= 2 * lag && number - 2 * lag < flows)
		request(IPCTNL_MSG_CT_DELETE, 0, first + number - 2 * lag, 0);
}

/* Every flow makes three events. Late is late: what could not be made in its millisecond is made in the next. */
static void run(uint64_t rate, uint64_t seconds, uint32_t first)
{
	uint64_t begin = now();
	uint32_t flows = (uint32_t)(rate * seconds / 3), number = 0;

	while (number < flows + 2 * lag) {
		uint64_t due = (now() - begin) * rate / 3 / 1000000000;
		struct timespec pause = { 0, 500000 };

		for (; number < due && number < flows + 2 * lag; number++)
			step(number, first, flows);
		flush();
		nanosleep(&pause, NULL);
	}
}

int main(int count, char **words)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int room = 4 << 20;
	uint64_t begin = now();

	kernel = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	setsockopt(kernel, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	if (kernel < 0 || bind(kernel, (void *)&address, sizeof address) < 0 ||
	    connect(kernel, (void *)&address, sizeof address) < 0) {
		perror("netlink");
		return 1;
	}
	if (count == 3 && strcmp(words[1], "fill") == 0) {
		uint32_t flows = (uint32_t)strtoul(words[2], NULL, 10);

		for (uint32_t flow = 0; flow < flows; flow++) {
			struct timespec pause = { 0, 500000 };

			while (flow % BATCH == 0 && (now() - begin) * FILL_RATE / 1000000000 < flow)
				nanosleep(&pause, NULL);
			request(IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL, flow, ESTABLISHED);
		}
	} else if ((count == 5 || count == 6) && strcmp(words[1], "run") == 0) {
		if (count == 6)
			lag = (uint32_t)strtoul(words[5], NULL, 10);
		run(strtoull(words[2], NULL, 10), strtoull(words[3], NULL, 10), (uint32_t)strtoul(words[4], NULL, 10));
	} else {
		fprintf(stderr, "usage: churn fill COUNT | churn run RATE SECONDS FIRST [LAG]\n");
		return 64;
	}
	flush();
	printf("%llu %llu %llu\n", (unsigned long long)made, (unsigned long long)refused, (unsigned long long)(now() - begin));
	return 0;
}
