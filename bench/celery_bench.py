"""Tasks that do nothing, and two that say when."""

import os
import time

from celery import Celery
from kombu import Connection, Exchange, Queue

app = Celery('bench', broker=os.environ['BROKER_URL'])
app.conf.task_queues = [Queue('bench', Exchange(''), routing_key='bench', no_declare=True)]
app.conf.task_acks_late = True
app.conf.task_ignore_result = True
app.conf.worker_prefetch_multiplier = 64
# Before 5.5 Celery asks for a prefetch of the whole channel, and quorum queues know only one for each consumer.
Connection.qos_semantics_matches_spec = True


def mark(name):
    with open('marks', 'a') as file:
        file.write(f'{name} {time.time() * 1000}\n')


@app.task(name='bench.nothing')
def nothing(n):
    pass


@app.task(name='bench.first')
def first(n):
    mark('bench.first')


@app.task(name='bench.last')
def last(n):
    mark('bench.last')
