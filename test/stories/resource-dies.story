# A resource of a running group dies and is found by monitoring: it is started again, and the VIP behind it with it.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  monitor 10s
run 20s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.043 lb1 vip-up 192.0.2.10

die lb1 apache
run 20s
----
20.073 lb1 resource-down apache: it is started again
20.093 lb1 vip-down 192.0.2.10
20.133 lb1 vip-up 192.0.2.10
30.153 lb1 resource-up apache: it runs again

# It does not stay up: after three restarts in ten minutes the other node gets the group. auto_failback is on, and does
# not bring it back: a node gets its groups back once in each of its lives, and this is still the same.
die lb1 apache
run 20s
die lb1 apache
run 20s
die lb1 apache
run 60s
----
40.163 lb1 resource-down apache: it is started again
40.183 lb1 vip-down 192.0.2.10
40.223 lb1 vip-up 192.0.2.10
50.243 lb1 resource-up apache: it runs again
60.253 lb1 resource-down apache: it is started again
60.273 lb1 vip-down 192.0.2.10
60.313 lb1 vip-up 192.0.2.10
70.333 lb1 resource-up apache: it runs again
80.343 lb1 resource-down apache: its group goes to another node
80.343 lb1 resource-up apache: its group leaves this node
80.353 lb1 vip-down 192.0.2.10
80.394 lb2 takeover lb1 gave it
80.434 lb2 vip-up 192.0.2.10

# It dies there, too, again and again, and the group goes the other way.
die lb2 apache
run 10s
die lb2 apache
run 10s
die lb2 apache
run 10s
die lb2 apache
run 20s
----
140.504 lb2 resource-down apache: it is started again
140.524 lb2 vip-down 192.0.2.10
140.564 lb2 vip-up 192.0.2.10
150.604 lb2 vip-down 192.0.2.10
150.644 lb2 vip-up 192.0.2.10
160.684 lb2 vip-down 192.0.2.10
160.724 lb2 vip-up 192.0.2.10
170.744 lb2 resource-down apache: its group goes to another node
170.744 lb2 resource-up apache: its group leaves this node
170.754 lb2 vip-down 192.0.2.10
170.794 lb1 takeover lb2 gave it
170.834 lb1 vip-up 192.0.2.10

# Neither node gives it away twice in an hour: from now on it is started again where it is.
die lb1 apache
run 20s
die lb1 apache
run 20s
die lb1 apache
run 20s
die lb1 apache
run 40s
----
190.864 lb1 resource-down apache: it is started again
190.884 lb1 vip-down 192.0.2.10
190.924 lb1 vip-up 192.0.2.10
200.944 lb1 resource-up apache: it runs again
210.954 lb1 resource-down apache: it is started again
210.974 lb1 vip-down 192.0.2.10
211.014 lb1 vip-up 192.0.2.10
221.034 lb1 resource-up apache: it runs again
231.044 lb1 resource-down apache: it is started again
231.064 lb1 vip-down 192.0.2.10
231.104 lb1 vip-up 192.0.2.10
241.124 lb1 resource-up apache: it runs again
251.134 lb1 resource-down apache: its group cannot go to another node now, so it is started again every half minute
261.164 lb1 vip-down 192.0.2.10
261.204 lb1 vip-up 192.0.2.10
271.224 lb1 resource-up apache: it runs again
