# A clean stop gives everything up first, says goodbye, and the peer does not wait for a deadtime.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s
run 20.5s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

stop lb1
run 10s
----
20.510 lb1 vip-down 192.0.2.10
20.540 lb2 takeover nobody has it
20.570 lb2 vip-up 192.0.2.10
25.540 lb2 peer-dead lb1
25.540 lb2 link-dead lb1 eth0

start lb1
run 5s
----
30.502 lb2 peer-alive lb1 after death
30.503 lb1 peer-alive lb2 after start
30.513 lb2 vip-down 192.0.2.10
30.544 lb1 takeover lb2 gave it
30.574 lb1 vip-up 192.0.2.10
