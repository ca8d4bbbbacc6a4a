# The owner dies, and somebody forges datagrams in its name: it was heard with our key before, so its silence counts, and
# the standby takes over at once.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s
run 20.5s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

crash lb1
forge lb1 60s
run 10s
----
20.500 lb1 vip-down 192.0.2.10
22.544 lb2 peer-late lb1
25.044 lb2 peer-dead lb1
25.044 lb2 link-dead lb1 eth0
25.044 lb2 takeover lb1 is gone
25.074 lb2 vip-up 192.0.2.10
25.300 lb2 other-key lb1 eth0

# lb2 stalls while the forging goes on. It starts over and takes everything again: what lb1 once said still counts.
freeze lb2
run 6s
thaw lb2
run 20s
----
33.464 lb2 vip-down 192.0.2.10 by the kernel
36.500 lb2 stalled 6416 ms
41.500 lb2 peer-dead lb1
41.500 lb2 takeover lb1 is gone
41.530 lb2 vip-up 192.0.2.10
