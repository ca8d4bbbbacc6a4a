# The times of the shipped ha.cf. The owner is frozen: its VIP falls silent after the lease of 690 ms, the standby has it
# one second after the last heartbeat. A freeze within the lease changes nothing.
nodes lb1* lb2    keepalive 200ms  deadtime 1s  initdead 10s  auto_failback off
run 5.1s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

freeze lb2
run 400ms
thaw lb2
run 5s
----

freeze lb1
run 3s
----
10.944 lb2 peer-late lb1
11.143 lb1 vip-down 192.0.2.10 by the kernel
11.444 lb2 peer-dead lb1
11.444 lb2 link-dead lb1 eth0
11.444 lb2 takeover lb1 is gone
11.474 lb2 vip-up 192.0.2.10

thaw lb1
run 5s
----
13.500 lb1 stalled 3056 ms
13.500 lb1 peer-alive lb2 after start
13.502 lb2 peer-alive lb1 after death
