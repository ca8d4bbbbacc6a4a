# auto_failback off: the preferred node comes back, and the group stays where it is.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  auto_failback off
run 20.5s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

crash lb1
run 10s
----
20.500 lb1 vip-down 192.0.2.10
22.544 lb2 peer-late lb1
25.044 lb2 peer-dead lb1
25.044 lb2 link-dead lb1 eth0
25.044 lb2 takeover lb1 is gone
25.074 lb2 vip-up 192.0.2.10

boot lb1
run 20s
----
30.502 lb2 peer-alive lb1 after death
30.502 lb1 peer-alive lb2 after start
