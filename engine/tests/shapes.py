"""Files of an engine, in the shapes that the real ones have: made up, as far as they can be run, and no more."""

from __future__ import annotations

PROCESS = '''\
#!/usr/bin/env python3
# -*- coding: utf-8 -*-
"""Processes what is concluded. Niccolò wrote it."""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Dict, List  # noqa

log = []


def process_placeholder(tables, activity_record, building_type_defs, resource_defs, api_base_url=None):
    return True


def process_rest(tables, activity_record, building_type_defs, resource_defs, api_base_url=None):
    return activity_record["fields"].get("Good", True)


def update_activity_status(tables, activity_id_airtable, status):
    try:
        tables["activities"].update(activity_id_airtable, {"Status": status})
    except Exception as error:
        log.append(error)


def process_all_activities_for_one_citizen(citizen_username, activities, tables, dry_run=False):
    ACTIVITY_PROCESSORS = {
        "deliver": process_rest,
        "rest": process_placeholder,
        "idle": process_placeholder,  # nothing to do
        "goto": process_rest
    }
    for activity_record in activities:
        activity_id_airtable = activity_record['id']
        activity_type = activity_record['fields'].get('Type')
        processing_status = "failed"
        processor = ACTIVITY_PROCESSORS.get(activity_type)
        try:
            if processor:
                processing_status = "processed" if processor(tables, activity_record, {}, {}) else "failed"
        except Exception:
            processing_status = "error"
        update_activity_status(tables, activity_id_airtable, processing_status)
        if processing_status == "failed":
            log.append(f"{citizen_username}: é {activity_type}")


def main(tables, groups, dry_run=False):
    ACTIVITY_PROCESSORS = {"deliver": process_rest,
                           "idle": process_placeholder,
                           "goto": process_rest}
    with ThreadPoolExecutor(max_workers=5) as executor:
        work = [executor.submit(process_all_activities_for_one_citizen, who, what, tables, dry_run)
                for who, what in groups.items()]
        for one in as_completed(work):
            one.result()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    args = parser.parse_args()
'''

MESSAGES = '''\
"""Conversations."""
import json
from datetime import datetime


def persist_message(tables, sender, receiver, content, channel=None):
    payload = {"Sender": sender, "Receiver": receiver, "Content": content}
    if channel:
        payload["Channel"] = channel
    try:
        created = tables["messages"].create(payload)
        return created
    except Exception as error:
        print(f"could not store: {error}")
        return None


def forget_about_it(tables, payload):
    tables["messages"].create(payload)


def give_it_back(tables, payload):
    return tables['messages'].create(payload)


def store_elsewhere(tables, message_archive, payload):
    row = tables["notifications"].create(payload)
    message_archive.create(payload)
    return row
'''
