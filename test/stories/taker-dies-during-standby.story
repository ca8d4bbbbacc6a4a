# The taker of a standby loses power before the group has come: one deadtime later the giver takes it back.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  auto_failback off
run 5.3s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

standby lb1 all
run 15ms
crash lb2
run 10s
----
5.310 lb1 vip-down 192.0.2.10
7.503 lb1 peer-late lb2
10.003 lb1 peer-dead lb2
10.003 lb1 takeover lb2 is gone
10.033 lb1 vip-up 192.0.2.10
10.045 lb1 link-dead lb2 eth0
