# The standby goes deaf: it hears nothing of the owner, the owner hears the standby. The owner sees in the standby's
# statuses that it will be called dead, and lets go before. One owner at any time.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s
run 20.5s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

cut eth0 lb1->lb2
run 20s
----
22.544 lb2 peer-late lb1
24.003 lb1 vip-down 192.0.2.10
25.044 lb2 peer-dead lb1
25.044 lb2 link-dead lb1 eth0
25.044 lb2 takeover lb1 is gone
25.074 lb2 vip-up 192.0.2.10

heal
run 10s
----
41.044 lb2 peer-alive lb1 after partition
