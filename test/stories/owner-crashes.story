# The owner loses power: the standby waits one deadtime after the last heartbeat, not longer.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s
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

# It comes back and, with auto_failback on, gets its group back: released there, then started here.
boot lb1
run 10s
----
30.502 lb2 peer-alive lb1 after death
30.502 lb1 peer-alive lb2 after start
30.513 lb2 vip-down 192.0.2.10
30.543 lb1 takeover lb2 gave it
30.573 lb1 vip-up 192.0.2.10
