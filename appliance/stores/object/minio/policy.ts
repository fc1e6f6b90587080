/** What the adapter does on the bucket itself, and on what lies in it: these calls and no more. */
const ON_BUCKET = ['s3:ListBucket', 's3:ListBucketMultipartUploads', 's3:ListBucketVersions'] as const;
const ON_OBJECTS = [
  's3:AbortMultipartUpload',
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:GetObject',
  's3:GetObjectVersion',
  's3:PutObject',
] as const;

export interface PolicyStatement {
  Effect: 'Allow' | 'Deny';
  Action: readonly string[];
  Resource?: readonly string[];
}

export interface Policy {
  Version: '2012-10-17';
  Statement: readonly PolicyStatement[];
}

/**
 * What a tenant's user may do (spec 3, row "MinIO"): the actions that the adapter needs, on its bucket only. The denial is
 * not idle: what a user does to itself (a service account, another secret for its own key) the server allows unless it is
 * forbidden, and such credentials would outlive rotation and suspension. Temporary credentials (STS) no policy forbids:
 * the guard in front of the server does, and they hold no more than the user and die with it.
 */
export function tenantPolicy(bucket: string): Policy {
  return {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ON_BUCKET, Resource: [`arn:aws:s3:::${bucket}`] },
      { Effect: 'Allow', Action: ON_OBJECTS, Resource: [`arn:aws:s3:::${bucket}/*`] },
      { Effect: 'Deny', Action: ['admin:*'] },
    ],
  };
}
