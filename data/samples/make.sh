#!/usr/bin/env bash
# Makes shapes.mp4, the sample video, from nothing but ffmpeg's own sources. README.md tells what happens when.
# Usage: data/samples/make.sh [output file]
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-shapes.mp4}

size=640x360
rate=25

# A disc of one colour on a transparent square: diameter, colour. geq draws it once; loop repeats the picture.
disc() {
  echo "color=$2:s=$1x$1:r=$rate,format=rgba,trim=end_frame=1,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*lte(hypot(X-$1/2+0.5,Y-$1/2+0.5),$1/2-1)',loop=-1:1,setpts=N/$rate/TB"
}

# A triangle that points up: side, colour.
triangle() {
  echo "color=$2:s=$1x$1:r=$rate,format=rgba,trim=end_frame=1,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*lte(abs(X-$1/2),Y/2)',loop=-1:1,setpts=N/$rate/TB"
}

# 0-6 s   meadow: a red ball bounces from left to right under a yellow sun
scene1="
gradients=s=$size:r=$rate:c0=0x5aa9e6:c1=0xd6ecff:x0=0:y0=0:x1=0:y1=359:speed=0.00001:d=6,drawbox=y=280:h=80:color=0x4c9a2a:t=fill[s1bg];
$(disc 80 0xffd84d)[s1sun];
$(disc 70 0xd7263d)[s1ball];
[s1bg][s1sun]overlay=x=520:y=30[s1a];
[s1a][s1ball]overlay=x='-70+t*118':y='210-130*abs(sin(t*2.4))':eval=frame:shortest=1,trim=duration=6,setpts=PTS-STARTPTS,format=yuv420p,setsar=1[v1]"

# 6-12 s  night: a blue square rises past white stars
scene2="
color=0x10142e:s=$size:r=$rate:d=6,
drawbox=x=60:y=50:w=6:h=6:color=white:t=fill,drawbox=x=190:y=110:w=5:h=5:color=white:t=fill,drawbox=x=455:y=70:w=6:h=6:color=white:t=fill,
drawbox=x=560:y=160:w=5:h=5:color=white:t=fill,drawbox=x=110:y=240:w=5:h=5:color=white:t=fill,drawbox=x=520:y=290:w=6:h=6:color=white:t=fill[s2bg];
color=0x2f6fed:s=110x110:r=$rate:d=6[s2sq];
[s2bg][s2sq]overlay=x=265:y='360-t*78':eval=frame:shortest=1,trim=duration=6,setpts=PTS-STARTPTS,format=yuv420p,setsar=1[v2]"

# 12-18 s workshop: an orange bar turns on a squared wall; the whole picture is magenta from 15.0 to 15.4 s
scene3="
color=0xe8e4da:s=$size:r=$rate:d=6,drawgrid=w=40:h=40:t=2:color=0xb9b2a3,drawbox=y=340:h=20:color=0x6b5b4b:t=fill[s3bg];
color=0xf58a1f:s=240x40:r=$rate:d=6,format=rgba,rotate=a='t*PI/2':ow=260:oh=260:c=black@0[s3bar];
[s3bg][s3bar]overlay=x=190:y=50:eval=frame:shortest=1,drawbox=color=0xff00c8:t=fill:enable='gte(t,3)*lt(t,3.4)',trim=duration=6,setpts=PTS-STARTPTS,format=yuv420p,setsar=1[v3]"

# 18-24 s shelf: green triangle at 19 s, yellow disc at 20.5 s, purple square at 22 s; fade to black from 23 s
scene4="
color=0xf2f2f2:s=$size:r=$rate:d=6,drawbox=y=250:h=24:color=0x8a5a34:t=fill[s4bg];
$(triangle 120 0x1f9d55)[s4a];
$(disc 120 0xf2c200)[s4b];
color=0x7b3fb5:s=120x120:r=$rate:d=6[s4c];
[s4bg][s4a]overlay=x=70:y=130:enable='gte(t,1)'[s4d];
[s4d][s4b]overlay=x=260:y=130:enable='gte(t,2.5)'[s4e];
[s4e][s4c]overlay=x=450:y=130:enable='gte(t,4)':shortest=1,trim=duration=6,setpts=PTS-STARTPTS,fade=t=out:st=5:d=1,format=yuv420p,setsar=1[v4]"

# One tone a scene; the second one is beeps.
sound="
sine=f=440:r=44100:d=6,volume=0.5[a1];
sine=f=330:r=44100:d=6,volume='0.5*lt(mod(t,1),0.3)':eval=frame[a2];
sine=f=554:r=44100:d=6,volume=0.5[a3];
sine=f=220:r=44100:d=6,volume=0.5,afade=t=out:st=5:d=1[a4]"

ffmpeg -v error -nostdin -y -filter_complex "$scene1;$scene2;$scene3;$scene4;$sound;
[v1][a1][v2][a2][v3][a3][v4][a4]concat=n=4:v=1:a=1[v][a]" \
  -map '[v]' -map '[a]' -t 24 \
  -c:v libx264 -preset slow -crf 26 -g 50 -pix_fmt yuv420p -threads 1 -c:a aac -b:a 48k -ac 1 \
  -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1 -movflags +faststart "$out"
