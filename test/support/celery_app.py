"""A Celery application as others write it. Its tasks append what they were called with to the file `ran`."""

import json
import os
import time

from celery import Celery
from kombu import Exchange, Queue

app = Celery('shop', broker=os.environ['BROKER_URL'])
app.conf.task_queues = [
    Queue('celery', Exchange('celery'), routing_key='celery'),
    # A queue that others declare.
    Queue('taskbeat', Exchange(''), routing_key='taskbeat', no_declare=True),
]


def ran(task, args, kwargs):
    line = {
        'by': 'celery',
        'task': task.name,
        'id': task.request.id,
        'args': args,
        'kwargs': kwargs,
        'attempt': task.request.retries + 1,
        'eta': task.request.eta,
        'at': time.time() * 1000,
    }
    with open('ran', 'a') as file:
        file.write(json.dumps(line) + '\n')


@app.task(name='tasks.add', bind=True)
def add(self, *args, **kwargs):
    ran(self, args, kwargs)
    return args


@app.task(name='tasks.wait', bind=True)
def wait(self, *args, **kwargs):
    ran(self, args, kwargs)


@app.task(name='tasks.fail', bind=True)
def fail(self, *args, **kwargs):
    ran(self, args, kwargs)
