# The standby is told to stop in the middle of a takeover: what it has begun to start is stopped again, and the VIP never
# comes up. The owner boots into an empty cluster and waits initdead before it believes that nobody else is there.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s
run 20.5s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

crash lb1
run 4.56s
stop lb2
run 5s
----
20.500 lb1 vip-down 192.0.2.10
22.544 lb2 peer-late lb1
25.044 lb2 peer-dead lb1
25.044 lb2 link-dead lb1 eth0
25.044 lb2 takeover lb1 is gone

boot lb1
run 20s
----
40.060 lb1 peer-dead lb2
40.060 lb1 takeover lb2 is gone
40.090 lb1 vip-up 192.0.2.10
