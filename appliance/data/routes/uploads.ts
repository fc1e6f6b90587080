import type { RouteName } from '../../api/routes.ts';
import { listMeta } from '../../api/schemas/common.ts';
import type { UploadAnswer } from '../../api/schemas/uploads.ts';
import type { UploadRow, UploadState } from '../../stores/record/port.ts';
import { answerTus } from '../1-intake/uploads/answer-tus.ts';
import type { DataRoute } from '../app.ts';
import { answer, found } from './answer.ts';

const tus: DataRoute = ({ plane, request, signal, caller, params }) =>
  answerTus(plane, { request, signal, subject: caller.subject, uploadId: params.upload_id });

/** Routes under `/ingest/{tenant_id}/uploads` (spec 4). */
export const UPLOAD_ROUTES: Partial<Record<RouteName, DataRoute>> = {
  createUpload: tus,
  uploadOptions: tus,
  uploadOffset: tus,
  appendUpload: tus,
  deleteUpload: tus,

  async listUploads({ plane, query }) {
    const { page, limit, cursor, state } = query as unknown as {
      page: number;
      limit: number;
      cursor?: string;
      state?: UploadState;
    };
    const position = cursor === undefined ? { offset: (page - 1) * limit } : { after: cursor };
    const { rows, total } = await plane.records.uploads({ limit, ...position, ...(state ? { state } : {}) });
    const next = rows.length < limit ? null : rows.at(-1)!.upload_id;
    return answer(rows.map(shown), { meta: listMeta(total, { page, limit }, { state }, next) });
  },

  async upload({ plane, params }) {
    return answer(shown(found(await plane.records.upload(params.upload_id!), 'upload')));
  },
};

function shown({ received, pieces: _, ...row }: UploadRow): UploadAnswer {
  return { ...row, offset: received };
}
