# Three directors. One that held nothing dies: nothing moves, nobody claims what it never had (the original reports that
# both survivors own everything).
nodes lb1* lb2* lb3    keepalive 1s  deadtime 5s  initdead 10s
run 20.5s
----
0.002 lb2 peer-alive lb3 after start
0.002 lb1 peer-alive lb2 after start
0.002 lb3 peer-alive lb2 after start
0.002 lb1 peer-alive lb3 after start
0.003 lb3 peer-alive lb1 after start
0.003 lb2 peer-alive lb1 after start
0.003 lb2 takeover nobody has it
0.004 lb1 takeover nobody has it
0.033 lb2 vip-up 192.0.2.20
0.034 lb1 vip-up 192.0.2.10

crash lb3
run 10s
----
22.503 lb1 peer-late lb3
22.504 lb2 peer-late lb3
25.003 lb1 peer-dead lb3
25.003 lb1 link-dead lb3 eth0
25.004 lb2 peer-dead lb3
25.004 lb2 link-dead lb3 eth0

# Then the owner of the first group dies: the next by name takes it, and the third, when it is back, takes the rest.
crash lb1
run 10s
----
30.500 lb1 vip-down 192.0.2.10
32.544 lb2 peer-late lb1
35.044 lb2 peer-dead lb1
35.044 lb2 link-dead lb1 eth0
35.044 lb2 takeover lb3 is gone
35.074 lb2 vip-up 192.0.2.10

boot lb3
run 10s
----
40.503 lb2 peer-alive lb3 after death
40.503 lb3 peer-alive lb2 after start

crash lb2
run 10s
----
50.500 lb2 vip-down 192.0.2.20
50.500 lb2 vip-down 192.0.2.10
50.500 lb3 peer-dead lb1
52.003 lb3 peer-late lb2
54.503 lb3 peer-dead lb2
54.503 lb3 link-dead lb2 eth0
54.503 lb3 takeover lb2 is gone
54.503 lb3 takeover lb2 is gone
54.533 lb3 vip-up 192.0.2.10
54.533 lb3 vip-up 192.0.2.20
