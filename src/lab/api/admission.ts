import type { KubeObject } from '../../model/objects.ts';
import type { AdmissionRequest, Webhook } from './extension.ts';
import { ApiError, byWebhook, internalError } from './status.ts';

function concerns(webhook: Webhook, request: AdmissionRequest): boolean {
  const resource = request.subresource === undefined ? request.resource : `${request.resource}/${request.subresource}`;
  if (webhook.resource !== resource || !webhook.operations.includes(request.operation)) return false;
  return webhook.concerns?.(request) ?? true;
}

/** Runs the mutating webhooks in order; returns the object to store. */
export function mutate(webhooks: readonly Webhook[], request: AdmissionRequest): KubeObject {
  let { object } = request;
  for (const webhook of webhooks) {
    if (webhook.mutate === undefined || !concerns(webhook, request) || !answers(webhook)) continue;
    object = quoting(webhook, () => webhook.mutate?.({ ...request, object })) ?? object;
  }
  return object;
}

/** Runs the validating webhooks; throws what the first one that denies says. */
export function validateByWebhooks(webhooks: readonly Webhook[], request: AdmissionRequest): void {
  for (const webhook of webhooks) {
    if (webhook.validate === undefined || !concerns(webhook, request) || !answers(webhook)) continue;
    quoting(webhook, () => webhook.validate?.(request));
  }
}

/** Whether a webhook can be asked; one that has to be and cannot fails the request, as the API server words it. */
function answers({ service }: Webhook): boolean {
  const failure = service?.failure();
  if (failure === undefined) return true;
  if (service?.ignored === true) return false;
  throw internalError(failure);
}

function quoting<T>(webhook: Webhook, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof ApiError && webhook.own !== true ? byWebhook(webhook.name, error) : error;
  }
}
