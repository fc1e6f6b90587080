import type { RouteName } from '../../api/routes.ts';
import { cursorOf, listMeta, type PageQuery, placeOf } from '../../api/schemas/common.ts';
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
    const page = query as unknown as PageQuery & { state?: UploadState };
    const { state } = page;
    const { rows, total } = await plane.records.uploads({ ...placeOf(page), ...(state ? { state } : {}) });
    return answer(rows.map(shown), {
      meta: listMeta(total, page, { state }, cursorOf(rows, page.limit, 'upload_id')),
    });
  },

  async upload({ plane, params }) {
    return answer(shown(found(await plane.records.upload(params.upload_id!), 'upload')));
  },
};

function shown({ received, pieces: _, ...row }: UploadRow): UploadAnswer {
  return { ...row, offset: received };
}
