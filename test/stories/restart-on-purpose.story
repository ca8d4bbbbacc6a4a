# An upgrade at the times of the shipped ha.cf: the new program needs longer than the lease of 690 ms to start. The old
# one first announces a longer deadtime, waits until the peer has heard that, and leaves its VIP a longer lease. No gap.
nodes lb1* lb2    keepalive 200ms  deadtime 1s  initdead 10s
run 5.1s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

restart lb1 3s
run 10s
----
5.600 lb2 peer-late lb1
8.101 lb1 peer-alive lb2 after start
8.103 lb2 peer-alive lb1 after restart

# The peer does not say any more what it has heard: nothing is handed on until it does.
lossy 100% eth0 lb2->lb1
restart lb1 3s
run 500ms
heal
run 5s
----
15.444 lb1 peer-late lb2
16.201 lb2 peer-late lb1
18.702 lb1 peer-alive lb2 after start
18.704 lb2 peer-alive lb1 after restart

# It never comes back: the peer takes over after the longer deadtime, and never before the kernel has ended the VIP.
restart lb1 60s
run 15s
----
21.101 lb2 peer-late lb1
30.301 lb1 vip-down 192.0.2.10 by the kernel
30.601 lb2 peer-dead lb1
30.601 lb2 link-dead lb1 eth0
30.601 lb2 takeover lb1 is gone
30.631 lb2 vip-up 192.0.2.10
